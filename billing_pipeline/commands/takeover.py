"""`billing-pipeline takeover`: keep mirrors in Stripe, rehearse that Stripe would bill the same, hand over, take back."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from billing_pipeline.bootstrap import open_world
from billing_pipeline.cli import EXIT_FINDINGS
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.domain.takeover import Rehearsal
from billing_pipeline.flows.follow_edits import PROPOSALS_MAX, decide_proposal
from billing_pipeline.flows.rehearse import CYCLES, rehearse
from billing_pipeline.flows.take_over import plan_give_back, plan_takeover
from billing_pipeline.sync_parts import sync_parts

app = typer.Typer(
    no_args_is_help=True, help="Mirrors in Stripe, held while we bill; and handing the billing over to Stripe."
)

Names = Annotated[list[str] | None, typer.Argument(help="Subscriptions; none for all, or for all of --segment.")]
Proposal = Annotated[int, typer.Argument(help="The id of the change, as `takeover proposals` shows it.")]
Segment = Annotated[str | None, typer.Option("--segment", help="Only accounts of this segment: business or consumer.")]
All = Annotated[bool, typer.Option("--all", help="Every subscription, where none is named.")]
Cycles = Annotated[
    int, typer.Option("--cycles", min=0, max=24, help="Past cycles to compare besides the next invoice.")
]
By = Annotated[str, typer.Option("--by", help="Who says so.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
SEGMENTS: Final = ("business", "consumer")
SHOWN_MAX: Final = 200  # lines of a table; --json has all


@app.command("sync")
def sync_now(as_json: AsJson = False) -> None:
    """Bring the catalogue and every mirror in step, then look for what could charge beside us.

    Example: billing-pipeline takeover sync
    """
    with open_world() as world:
        parts = sync_parts(world)
        done: dict[str, Any] = {
            "catalog": parts.catalog(), "mirrors": parts.mirrors(), "stripe": parts.follow(), "guard": parts.guard(),
        }  # fmt: skip
    tell({name: asdict(one) for name, one in done.items()}, as_json)


@app.command("rehearse")
def rehearse_now(
    names: Names = None, segment: Segment = None, cycles: Cycles = CYCLES, as_json: AsJson = False
) -> None:
    """Compare our next invoice, and past cycles, with Stripe's, line by line. Exit code 1 when something differs.

    Example: billing-pipeline takeover rehearse --segment consumer --cycles 6
    """
    require_segment(segment)
    with open_world() as world:
        found = rehearse(sync_parts(world).desk, segment=segment, names=ids(names), cycles=cycles)
    show(found, as_json)
    if any(one.differences for one in found):
        raise typer.Exit(EXIT_FINDINGS)


@app.command()
def plan(
    by: By, names: Names = None, segment: Segment = None, everything: All = False, cycles: Cycles = CYCLES,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Rehearse, and plan a take-over at the next boundary for whatever Stripe would bill to the cent. Exit code 1 for a rest.

    Example: billing-pipeline takeover plan sub-acme --by ann
    """
    require_choice(names, segment, everything)
    with open_world() as world:
        found = plan_takeover(sync_parts(world).desk, by, segment=segment, names=ids(names), cycles=cycles)
    show(found, as_json, "planned for its boundary")
    if not all(one.ready for one in found):
        raise typer.Exit(EXIT_FINDINGS)


@app.command()
def switch(as_json: AsJson = False) -> None:
    """Carry out every plan whose window has come: from a day to ten minutes before its boundary.

    Example: billing-pipeline takeover switch --json
    """
    with open_world() as world:
        done = sync_parts(world).switch()
    tell({"switched": asdict(done)}, as_json)


@app.command("give-back")
def give_back(
    by: By, names: Names = None, segment: Segment = None, everything: All = False, as_json: AsJson = False
) -> None:
    """Plan that the engine bills again from the next boundary on; `switch` carries it out. Withdraws what is only planned.

    Example: billing-pipeline takeover give-back --all --by ann
    """
    require_choice(names, segment, everything)
    with open_world() as world:
        done = plan_give_back(sync_parts(world).desk, by, segment=segment, names=ids(names))
    if as_json:
        typer.echo(json.dumps(asdict(done)))
        return
    typer.echo(
        f"{done.planned} planned, {done.already} were already, {done.withdrawn} planned take-overs withdrawn: "
        "`billing-pipeline takeover switch` holds each within the day before its boundary"
    )


@app.command()
def plans(as_json: AsJson = False) -> None:
    """List plans that are not carried out yet.

    Example: billing-pipeline takeover plans --json
    """
    with open_world() as world:
        rows = sync_parts(world).store.planned()
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in rows], default=str, indent=2))
        return
    table = Table("subscription", "direction", "boundary", "asked by")
    for one in rows[:SHOWN_MAX]:
        table.add_row(one.subscription_id, one.direction, f"{one.boundary:%Y-%m-%d %H:%M}", one.requested_by)
    Console(soft_wrap=True).print(table)


@app.command()
def proposals(as_json: AsJson = False) -> None:
    """List changes made in Stripe that wait for a person.

    Example: billing-pipeline takeover proposals --json
    """
    with open_world() as world:
        rows = sync_parts(world).store.open_proposals(PROPOSALS_MAX)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in rows], default=str, indent=2))
        return
    table = Table("id", "subscription", "what", "change in Stripe", "since")
    for one in rows[:SHOWN_MAX]:
        told = one.proposal
        table.add_row(
            str(one.proposal_id), told.subscription_id, told.aspect, told.words, f"{one.proposed_at:%Y-%m-%d}"
        )
    Console(soft_wrap=True).print(table)


@app.command()
def accept(proposal_id: Proposal, by: By) -> None:
    """Follow a change that was made in Stripe: it is put on the subscription's list of changes.

    Example: billing-pipeline takeover accept 7 --by ann
    """
    decide(proposal_id, by, accepted=True)


@app.command()
def reject(proposal_id: Proposal, by: By) -> None:
    """Take a change back that was made in Stripe: the next sync sets the mirror back.

    Example: billing-pipeline takeover reject 7 --by ann
    """
    decide(proposal_id, by, accepted=False)


def decide(proposal_id: int, by: str, *, accepted: bool) -> None:
    """Decide a proposal and say so."""
    with open_world() as world:
        subscription = decide_proposal(sync_parts(world).store, world.clock, proposal_id, accept=accepted, who=by)
    typer.echo(f"{subscription}: {'the change is on its list' if accepted else 'Stripe is set back by the next sync'}")


def ids(names: Sequence[str] | None) -> list[SubscriptionId]:
    """The names as ids."""
    return [SubscriptionId(name) for name in names or ()]


def require_choice(names: Sequence[str] | None, segment: str | None, everything: bool) -> None:
    """Nothing. Raises Broken when nobody said which subscriptions are meant."""
    if not (names or segment or everything):
        raise Broken("name subscriptions, or a --segment, or say --all: handing over is never the default")
    require_segment(segment)


def require_segment(segment: str | None) -> None:
    """Nothing. Raises Broken on a segment that there is not."""
    if segment not in (None, *SEGMENTS):
        raise Broken(f"no segment {segment}: use {' or '.join(SEGMENTS)}")


def show(found: Sequence[Rehearsal], as_json: bool, good: str = "agrees to the cent") -> None:
    """Print rehearsals, those that are not ready with every reason."""
    if as_json:
        typer.echo(json.dumps([asdict(one) | {"ready": one.ready} for one in found], default=str, indent=2))
        return
    table = Table("subscription", "boundary", "cycles", "result")
    for one in found[:SHOWN_MAX]:
        words = good if one.ready else "\n".join(one.reasons)
        table.add_row(one.subscription_id, f"{one.boundary:%Y-%m-%d %H:%M}", str(len(one.cycles)), words)
    Console(soft_wrap=True).print(table)
    typer.echo(f"{sum(one.ready for one in found)} of {len(found)} ready")


def tell(done: dict[str, dict[str, Any]], as_json: bool) -> None:
    """Print summaries: what is not zero."""
    if as_json:
        typer.echo(json.dumps(done, indent=2))
        return
    for name, counts in done.items():
        said = [f"{count} {word}" for word, count in counts.items() if isinstance(count, int) and count]
        typer.echo(f"{name}: {', '.join(said) or 'nothing to do'}")
        for word, reasons in counts.items():
            for subject, reason in reasons.items() if isinstance(reasons, dict) else ():
                typer.echo(f"  {word} {subject}: {reason}")
