"""`billing-pipeline simulator`: the Stripe that answers when no key is set."""

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from billing_pipeline.adapters import local_simulator
from billing_pipeline.adapters.loopback import free_port
from billing_pipeline.domain.errors import Broken
from billing_pipeline.settings import Settings
from stripe_simulator import control
from stripe_simulator.faults import FaultKind
from stripe_simulator.operations import DriftKind

app = typer.Typer(no_args_is_help=True, help="The simulator: serve, look, move its time, order faults and drift.")

Address = Annotated[str, typer.Option(help="Where it listens. Default: the one of this home folder.")]
Detail = Annotated[list[str] | None, typer.Argument(help="Details as name=value, such as nth=1 or amount=500.")]

EXAMPLE_TIME: Final = "2026-03-01 or 2026-03-01T12:00:00"


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 12111,
    state: Annotated[Path, typer.Option(help="File that keeps its state.")] = Path("simulator.sqlite"),
    seed: Annotated[int, typer.Option(help="Ids and outcomes follow from it.")] = local_simulator.FIRST_SEED,
    now: Annotated[str, typer.Option(help="Its first moment, UTC.")] = "2026-01-01",
) -> None:
    """Run a simulator of your own in the foreground; point STRIPE_API_BASE at it.

    Example: billing-pipeline simulator serve --port 12112 --state mine.sqlite --now 2026-06-01
    """
    words = ["serve", "--port", str(free_port(port, "--port")), "--state", str(state)]
    words += ["--seed", str(seed), "--now", _moment(now).isoformat()]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "stripe_simulator", *words])


@app.command()
def status(address: Address = "") -> None:
    """Print what the simulator holds and its time.

    Example: billing-pipeline simulator status
    """
    _print(_answer(lambda: control.status(_address(address))))


@app.command()
def advance(
    to: Annotated[str, typer.Option(help=f"The moment to reach, UTC, such as {EXAMPLE_TIME}.")] = "",
    seconds: Annotated[int, typer.Option(min=0, help="Or how far to go.")] = 0,
    address: Address = "",
) -> None:
    """Move the simulator's time forward; renewals, settlements and payouts on the way happen in order.

    Example: billing-pipeline simulator advance --to 2026-06-30
    """
    if bool(to) == bool(seconds):
        raise Broken("say either --to MOMENT or --seconds N")
    target: dict[str, Any] = {"to": _moment(to)} if to else {"seconds": seconds}
    _print(_answer(lambda: control.advance(_address(address), **target)))


@app.command()
def fault(
    kind: Annotated[FaultKind, typer.Argument(help="What goes wrong.")],
    details: Detail = None,
    address: Address = "",
) -> None:
    """Order a fault: the next matching call fails that way.

    Example: billing-pipeline simulator fault drop_after path=/v1/payment_intents nth=3
    """
    _print(_answer(lambda: control.fault(_address(address), kind, **_pairs(details))))


@app.command()
def drift(
    kind: Annotated[DriftKind, typer.Argument(help="What is changed behind our back.")],
    details: Detail = None,
    address: Address = "",
) -> None:
    """Change something in the simulator as a person in Stripe's dashboard would.

    Example: billing-pipeline simulator drift refund charge_id=ch_123 amount=500
    """
    _print(_answer(lambda: control.drift(_address(address), kind, **_pairs(details))))


def _address(asked: str) -> str:
    """The simulator to talk to: the one named, the one of STRIPE_API_BASE, or the one of the home folder."""
    settings = Settings.load()
    if named := asked or settings.stripe_api_base:
        return named
    if running := local_simulator.status(settings.home):
        return running.address
    raise Broken(
        f"no simulator runs for {settings.home}: start it with `billing-pipeline demo`, or name one with --address"
    )


def _answer(ask: Callable[[], Any]) -> Any:
    """What the simulator said. Raises Broken in one line when it is not there or refuses."""
    try:
        return ask()
    except control.ControlError as error:
        raise Broken(str(error)) from error


def _pairs(details: list[str] | None) -> dict[str, Any]:
    """The details by name; numbers, true and false as such. Raises Broken for one without a name."""
    found: dict[str, Any] = {}
    for detail in details or []:
        name, separator, value = detail.partition("=")
        if not separator or not name:
            raise Broken(f"{detail!r} is no detail: write name=value, such as nth=1")
        found[name] = _typed(value)
    return found


def _typed(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _moment(text: str) -> datetime:
    """That moment in UTC. Raises Broken when it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Broken(f"{text!r} is no moment: write it as {EXAMPLE_TIME}") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _print(answer: Any) -> None:
    typer.echo(json.dumps(answer, indent=2, default=str))
