"""A month at Stripe, lived once: payments, declines, retries, refunds, disputes, returned debits, payouts, a double charge."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import stripe

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.flows.apply_events import apply_events
from billing_pipeline.flows.book_balance import book_balance
from billing_pipeline.flows.facts import event_fact
from billing_pipeline.flows.ingest_events import ingest_events
from billing_pipeline.flows.ports import Json
from stripe_simulator import Simulator
from tests import seeds
from tests.fakes import START

END: Final = START + timedelta(days=31)
CARDS: Final = {
    "plain": "pm_card_visa",
    "declines": "pm_sim_insufficient_funds",
    "disputes": "pm_card_createDispute",
    "unrefundable": "pm_card_refundFail",
    "debit": "pm_usBankAccount",
    "returned": "pm_usBankAccount_dispute",
    "bounces": "pm_usBankAccount_insufficientFunds",
}
"""What becomes of each account, by how it pays."""


@dataclass(frozen=True, slots=True, repr=False)
class Month:
    """The simulator at the end of the month, every event it made in the order it made them, and each account's customer."""

    simulator: Simulator
    events: tuple[Json, ...]
    customers: dict[str, str]


def invoices_of(account: str) -> list[str]:
    """Two invoices per account."""
    return [f"inv-{account}-{number}" for number in (1, 2)]


def live_through(told: Callable[[Simulator], object] = lambda simulator: None) -> Month:
    """The month. told: called after every step, as a poll would."""
    simulator = Simulator(seed=11, now=START)
    client = simulator.client()
    customers = {name: customer_of(client, name, card) for name, card in CARDS.items()}
    for number in (1, 2):
        for name, (customer, method) in customers.items():
            charge(client, f"inv-{name}-{number}", name, customer, method)
            told(simulator)
        simulator.advance(to=START + timedelta(days=6 * number))
        told(simulator)
    charge(client, "inv-plain-1", "plain", *customers["plain"], seq=2)
    for row in simulator.objects("payment_intent"):
        if row["metadata"]["account_id"] in ("unrefundable", "plain") and row["status"] == "succeeded":
            client.v1.refunds.create({"payment_intent": row["id"], "amount": 1700})
            told(simulator)
    retry_declined(client, simulator)
    told(simulator)
    simulator.advance(to=END)
    told(simulator)
    events = tuple(reversed(list(all_events(simulator))))
    return Month(simulator, events, {name: customer for name, (customer, _) in customers.items()})


def customer_of(client: stripe.StripeClient, name: str, card: str) -> tuple[str, str]:
    """A customer and the payment method attached to it."""
    customer = client.v1.customers.create({"email": f"{name}@example.com", "metadata": {"account_id": name}})
    method = client.v1.payment_methods.attach(card, {"customer": customer.id})
    return customer.id, method.id


def charge(client: stripe.StripeClient, invoice: str, account: str, customer: str, method: str, seq: int = 1) -> None:
    """Charge an invoice; a decline is what the events tell."""
    with suppress(stripe.CardError):
        client.v1.payment_intents.create(
            {"amount": 4900, "currency": "usd", "customer": customer, "payment_method": method, "confirm": True,
             "off_session": True, "metadata": {"invoice_id": invoice, "account_id": account, "seq": str(seq)}}
        )  # fmt: skip


def retry_declined(client: stripe.StripeClient, simulator: Simulator) -> None:
    """Pay the first declined invoice with another card; let the second be declined once more."""
    first, second = [one for one in simulator.objects("payment_intent") if one["metadata"]["account_id"] == "declines"]
    customer = first["customer"]
    good = client.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer})
    bad = client.v1.payment_methods.attach("pm_sim_expired_card", {"customer": customer})
    client.v1.payment_intents.confirm(first["id"], {"payment_method": good.id, "off_session": True})
    with suppress(stripe.CardError):
        client.v1.payment_intents.confirm(second["id"], {"payment_method": bad.id, "off_session": True})


def all_events(simulator: Simulator) -> list[Json]:
    """Every event, newest first."""
    gateway = gateway_of(simulator)
    return [one for page in gateway.pages("/v1/events", {"limit": 100}) for one in page.objects]


def gateway_of(simulator: Simulator) -> StripeGateway:
    """The real gateway on the simulator."""
    return StripeGateway("sk_test_sim", http_client=simulator.http_client())


def books_for(db: Database) -> SweepStore:
    """A store on a database that holds the month's accounts, invoices and collections, all unpaid."""
    for name in CARDS:
        seeds.insert_account(db, name, stripe_customer_id=None)
        for number, invoice in enumerate(invoices_of(name)):
            issued = START + timedelta(days=6 * number)
            seeds.insert_invoice(db, invoice, name, issued_at=issued, tax_minor=777)
            seeds.insert_collection(
                db, invoice, None, status="", failures=0, last_codes={}, last_failed_at=None, opened_at=issued  # type: ignore[arg-type]
            )  # fmt: skip
    return SweepStore(db)


@dataclass(frozen=True, slots=True)
class EndClock:
    """A clock at one moment."""

    moment: datetime = END

    def now(self) -> datetime:
        return self.moment


@dataclass(frozen=True, slots=True)
class LivingClock:
    """The simulator's clock."""

    simulator: Simulator

    def now(self) -> datetime:
        return self.simulator.clock.now()


def live_with(store: SweepStore) -> Month:
    """The month with events polled and applied after every step, as a service that never fails would."""

    def poll(simulator: Simulator) -> None:
        clock = LivingClock(simulator)
        ingest_events(store, gateway_of(simulator), clock, bootstrap=lambda: None)
        apply_events(store, gateway_of(simulator), clock)

    month = live_through(poll)
    poll(month.simulator)
    return month


def settle_all(store: SweepStore, simulator: Simulator) -> None:
    """Apply what waits, with the books as of the end of the month."""
    apply_events(store, gateway_of(simulator), EndClock())
    book_balance(store, EndClock())


def tell(store: SweepStore, events: list[Json] | tuple[Json, ...]) -> None:
    """Put events into the inbox."""
    with store.transaction():
        store.put([event_fact(one, "webhook") for one in events], END)


def outcome(db: Database) -> dict[str, Any]:
    """Everything that must come out the same: states, sums, balances."""
    queries = {
        "invoices": "select invoice_id, state, paid_minor, refunded_minor, disputed from invoices order by 1",
        "collections": """select invoice_id, seq, status, close_reason, failures, last_codes
                          from collections order by 1, 2""",
        "payments": """select charge_id, amount_minor, refunded_minor, reversed_at is null, fee_minor
                       from payments order by 1""",
        "applied": "select invoice_id, sum(applied_minor)::bigint from payments group by 1 order by 1",
        "refunds": "select refund_id, status, booked_minor from refunds order by 1",
        "disputes": "select dispute_id, status, fee_minor from disputes order by 1",
        "payouts": "select payout_id, status, amount_minor from payouts order by 1",
        "credits": "select account_id, sum(remaining_minor)::bigint from credit_grants group by 1 order by 1",
        "balances": """select a.name, e.currency, p.customer_id, sum(p.minor)::bigint from postings p
                       join journal_entries e using (entry_id) join ledger_accounts a using (ledger_account)
                       group by 1, 2, 3 having sum(p.minor) <> 0 order by 1, 2, 3 nulls first""",
        "dead": "select event_id, reason from inbox where state in ('dead', 'new') order by 1",
    }
    with db.cursor() as cursor:
        return {name: cursor.execute(query.encode()).fetchall() for name, query in queries.items()}
