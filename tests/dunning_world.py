"""A small world for the dunning tests: a Stripe that says what it is told, and a gate with a handle."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from billing_pipeline.adapters.dunning_policy_file import read_policy
from billing_pipeline.adapters.message_templates import TemplateLetters
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.dunning_store import DunningStore
from billing_pipeline.adapters.tables import billing, catalog, control, stripe
from billing_pipeline.domain.errors import Unknown
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.flows.plan_dunning import plan_dunning
from billing_pipeline.flows.ports import Page, Reply
from billing_pipeline.flows.ports.dunning import Delivery, Message, Outcome
from billing_pipeline.flows.run_dunning import Dunned, run_dunning
from billing_pipeline.flows.send_messages import Sent, send_messages
from tests import seeds
from tests.fakes import FakeClock

POLICIES = Path(__file__).parent.parent / "policies"
DUE = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Stripe:
    """Answers reads with the statuses it was given; counts them. silent: it does not answer at all."""

    api_version = "test"

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self.reads: list[str] = []
        self.silent = False

    def read(self, path: str, params: Mapping[str, Any] | None = None) -> Mapping[str, Any] | None:
        intent = path.rpartition("/")[2]
        self.reads.append(intent)
        if self.silent:
            raise Unknown("no answer")
        status = self.statuses.get(intent, "requires_payment_method")
        return {
            "id": intent,
            "object": "payment_intent",
            "status": status,
            "livemode": False,
            "created": 1,
            "latest_charge": None,
        }

    def send(self, request: object, key: object) -> Reply:
        raise AssertionError("dunning never changes anything in Stripe")

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Page]:
        raise AssertionError("dunning lists nothing")


@dataclass
class Gate:
    """Open unless told otherwise."""

    open: bool = True
    reason: str = ""
    divergent: dict[InvoiceId, str] = field(default_factory=dict)

    def gate(self, now: datetime) -> "Gate":
        return self

    def held_invoices(self) -> Mapping[InvoiceId, str]:
        return self.divergent


class Post:
    """A mailer that answers as it was told, then well."""

    def __init__(self, *outcomes: Outcome, repeatable: bool = False) -> None:
        self.outcomes = list(outcomes)
        self.repeatable = repeatable
        self.carried: list[str] = []

    def send(self, message: Message) -> Delivery:
        self.carried.append(message.message_id)
        return Delivery(self.outcomes.pop(0) if self.outcomes else Outcome.SENT, "words")


class World:
    """Everything a dunning flow needs, on a real database."""

    def __init__(self, db: Database) -> None:
        self.db, self.store, self.stripe, self.gate = db, DunningStore(db), Stripe(), Gate()
        self.clock = FakeClock(NOON)
        self.policy = read_policy(POLICIES)
        self.letters = TemplateLetters(POLICIES / "templates", lambda invoice: f"https://pay.example/{invoice}")

    def late(self, invoice: str = "inv-1", account: str = "acme", *, card: bool = True, **values: Any) -> str:
        """An overdue invoice of 49.00 usd, due on 2 March, whose first charge was declined for lack of funds."""
        codes = values.pop("codes", {"code": "card_declined", "decline": "generic_decline"})
        charged = values.pop("charged", True)
        if not seeds.fetch(self.db, catalog.accounts, account_id=account):
            seeds.insert_account(self.db, account, **values.pop("account_values", {}))
            if card:
                seeds.insert_payment_method(self.db, account)
        at = datetime(DUE.year, DUE.month, DUE.day, 1, tzinfo=UTC)
        row = {"state": "overdue", "due_on": DUE, "issued_at": at} | values
        seeds.insert_invoice(self.db, invoice, account, **row)
        if charged:
            amount = row.get("total_minor", 4900)
            seeds.insert_collection(
                self.db,
                invoice,
                f"pi_{invoice}",
                last_codes=codes,
                last_failed_at=at,
                opened_at=at,
                amount_minor=amount,
            )
        return invoice

    def run(self) -> Dunned:
        return run_dunning(self.store, self.stripe, self.gate, self.policy, self.clock, self.letters)

    def plan(self, for_day: date | None = None) -> list[Any]:
        return plan_dunning(self.store, self.gate, self.policy, self.clock, for_day)

    def day(self, late_days: int, hour: int = 12) -> "World":
        """Let it be that many days after the due date."""
        self.clock.set(NOON + timedelta(days=late_days, hours=hour - 12))
        return self

    def decline_again(self, invoice: str = "inv-1") -> None:
        """The retry was made and declined: what apply_events writes."""
        where = stripe.collections.c.invoice_id == invoice
        change = {"retry_at": None, "failures": stripe.collections.c.failures + 1, "last_failed_at": self.clock.now()}
        with self.db.transaction() as connection:
            connection.execute(stripe.collections.update().where(where).values(**change))

    def pay(self, invoice: str = "inv-1") -> None:
        """The invoice was paid: what apply_events writes."""
        now = self.clock.now()
        seeds.change(self.db, billing.invoices, invoice, state="paid", paid_at=now, paid_minor=4900)
        with self.db.transaction() as connection:
            where = stripe.collections.c.invoice_id == invoice
            connection.execute(stripe.collections.update().where(where).values(closed_at=now, close_reason="paid"))

    def steps(self, invoice: str = "inv-1") -> list[str]:
        """Keys of the steps taken, in time."""
        rows = seeds.fetch(self.db, control.dunning_steps, invoice_id=invoice)
        return [row["step"] for row in sorted(rows, key=lambda row: row["taken_at"])]


def with_a_notice(db: Database) -> World:
    """A world in which one notice waits in the outbox."""
    found = World(db)
    found.late(codes={"decline": "lost_card"})
    found.day(2).run()
    return found


def send(world: World, post: Post) -> Sent:
    """Carry the outbox."""
    return send_messages(world.store, post, world.stripe, world.gate, world.clock)


def states(world: World) -> list[str]:
    """The states of all messages."""
    return [row["state"] for row in seeds.fetch(world.db, control.messages)]
