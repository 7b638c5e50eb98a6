"""`billing-pipeline collect`: charge what is due, settle what is unknown, keep customers and cards in step."""

import json
from dataclasses import asdict, is_dataclass
from typing import Annotated, Any

import typer

from billing_pipeline import operations
from billing_pipeline.adapters.card_limits_file import read_card_limits
from billing_pipeline.adapters.stores.collection_store import CollectionStore
from billing_pipeline.adapters.stores.customer_store import CustomerStore
from billing_pipeline.bootstrap import open_world
from billing_pipeline.commands.named import require_account
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.collect_payments import THREADS_MAX, collect_payments
from billing_pipeline.flows.follow_payment_methods import follow_payment_methods
from billing_pipeline.flows.provision_customers import provision_customers
from billing_pipeline.flows.renew_customer import Renewed, renew_customer
from billing_pipeline.flows.settle_unknowns import settle_unknowns

app = typer.Typer(no_args_is_help=True, help="Collect money: charges, retries, unknown outcomes, customers, cards.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def run(
    limit: Annotated[int | None, typer.Option(min=1, help="Invoices at most; all that are due.")] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, max=THREADS_MAX, help="Calls to Stripe at a time; as many as reach its limit.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Charge every open invoice whose turn has come. Running it again charges nobody twice.

    Example: billing-pipeline collect run --limit 100
    """
    with open_world() as world:
        done = collect_payments(
            CollectionStore(world.db),
            world.gateway,
            world.clock,
            limit=limit,
            threads=threads or operations.threads(world),
            zone=world.settings.zone,
            environment=world.settings.mode,
            limits=read_card_limits(world.settings.policies),
        )
    show(done, as_json)


@app.command()
def settle(as_json: AsJson = False) -> None:
    """Ask Stripe what became of every call whose outcome is not known.

    Example: billing-pipeline collect settle
    """
    with open_world() as world:
        done = settle_unknowns(CollectionStore(world.db), world.gateway, world.clock)
    show(done, as_json)


@app.command()
def customers(as_json: AsJson = False) -> None:
    """Make or find the Stripe customer of every account, and tell Stripe what changed.

    Example: billing-pipeline collect customers
    """
    with open_world() as world:
        done = provision_customers(CustomerStore(world.db), world.gateway, world.clock, environment=world.settings.mode)
    show(done, as_json)


@app.command("new-customer")
def new_customer(
    account: Annotated[str, typer.Argument(help="The account whose customer was deleted in Stripe.")],
    as_json: AsJson = False,
) -> None:
    """Make a new Stripe customer for an account whose customer was deleted there; open invoices are tried anew with it.

    Example: billing-pipeline collect new-customer acme
    """
    with open_world() as world:
        require_account(world.db, account)
        done = renew_customer(
            CustomerStore(world.db), world.gateway, world.clock, AccountId(account), environment=world.settings.mode
        )
    typer.echo(json.dumps(asdict(done)) if as_json else renewed_text(account, done))


def renewed_text(account: str, done: Renewed) -> str:
    """What came of a new customer, and what is left to do."""
    if done.now is None:
        return (
            f"{account} is not {done.before} any more; the next `billing-pipeline collect customers` makes the new one"
        )
    canceled = f"; {done.canceled} open intents of {done.before} are canceled" if done.canceled else ""
    return f"{account} is {done.now} now{canceled}. It has no payment method yet: send the customer the payment link"


@app.command()
def methods(
    accounts: Annotated[list[str] | None, typer.Argument(help="These accounts; else those charged soon.")] = None,
    as_json: AsJson = False,
) -> None:
    """Learn how accounts pay: their cards and debits, and which is the default.

    Example: billing-pipeline collect methods acme muster
    """
    named = [AccountId(one) for one in accounts] if accounts else None
    with open_world() as world:
        done = follow_payment_methods(CustomerStore(world.db), world.gateway, world.clock, accounts=named)
    show(done, as_json)


def show(done: Any, as_json: bool) -> None:
    """Print a summary: as JSON, or as one line of what is not zero."""
    told = asdict(done) if is_dataclass(done) and not isinstance(done, type) else dict(done)
    if as_json:
        typer.echo(json.dumps(told))
        return
    money = told.pop("amount_by_currency", {})
    words = [f"{name.replace('_', ' ')}: {count}" for name, count in told.items() if count]
    words += [str(Money(minor, Currency(code))) for code, minor in money.items()]
    typer.echo(", ".join(words) or "nothing to do")
