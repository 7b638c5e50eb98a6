"""Whatever happens to a customer, in whatever order: the books hold every promise that `verify` recomputes."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stores.ledger_store import LedgerStore
from billing_pipeline.adapters.tables.catalog import tax_rates
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId, InvoiceId, SubscriptionId
from billing_pipeline.flows.apply_events import apply_events
from billing_pipeline.flows.expire_credits import expire_credits
from billing_pipeline.flows.issue_credit_note import Wish, issue_credit_note
from billing_pipeline.flows.pass_due_dates import pass_due_dates
from billing_pipeline.flows.recognise_revenue import recognise_revenue
from billing_pipeline.flows.record_credit import CreditWish, record_credit
from billing_pipeline.flows.record_payments import ReceivedMoney, record_payment
from billing_pipeline.flows.request_change import request_change
from billing_pipeline.flows.run_billing import run_billing
from billing_pipeline.flows.seal_journal import seal_journal
from billing_pipeline.flows.verify_books import verify_books
from billing_pipeline.flows.write_off_invoices import give_up, write_off_invoices
from tests.fakes import FakeClock
from tests.flows.event_world import FakeGateway
from tests.ledger_seeds import balances
from tests.seeds import add, insert_account, insert_price, insert_subscription


@dataclass(slots=True)
class Firm:
    """A seller with one customer, and everything that can happen to it. wishes: counts them, to name each."""

    db: Database
    clock: FakeClock = field(default_factory=FakeClock)
    wishes: int = 0

    def days_pass(self, days: int) -> None:
        """Time goes by; due periods are billed, due dates pass, revenue is earned."""
        today = self.clock.advance(days=days).date()
        run_billing(BillingStore(self.db), self.clock, through=today)
        pass_due_dates(EventStore(self.db), self.clock)
        recognise_revenue(LedgerStore(self.db), self.clock, today - timedelta(days=1))

    def pay(self, percent: int) -> None:
        """A part of, all of, or more than the first open invoice is paid by wire."""
        for invoice, left in self.open():
            money = ReceivedMoney(max(left * percent // 100, 1), "usd", "wire", str(self.name()), self.clock.now(), "ann",
                                  invoice_id=invoice)  # fmt: skip
            record_payment(EventStore(self.db), self.clock, money)
            break

    def settle_up(self, percent: int) -> None:
        """A part of, all of, or more than the oldest loss is paid after all."""
        for invoice, left in self.rows(
            """select invoice_id, due_minor - paid_minor - credited_minor from invoices
            where state = 'written_off' order by issued_at, 1"""
        )[:1]:
            money = ReceivedMoney(max(left * percent // 100, 1), "usd", "wire", str(self.name()), self.clock.now(), "ann",
                                  invoice_id=invoice)  # fmt: skip
            record_payment(EventStore(self.db), self.clock, money)

    def credit(self, percent: int) -> None:
        """A part or all of the newest invoice is credited, where that is allowed."""
        for invoice, total in self.rows(
            "select invoice_id, total_minor from invoices order by issued_at desc, 1 limit 1"
        ):
            wish = Wish(InvoiceId(invoice), "story", "ann", max(total * percent // 150, 1), str(self.name()))
            with suppress(Broken):
                issue_credit_note(DocumentStore(self.db), self.clock, wish)

    def forgo(self, _: int) -> None:
        """The oldest open invoice is given up."""
        wanted = [InvoiceId(invoice) for invoice, _ in self.open()[:1]]
        with suppress(Broken):
            give_up(DocumentStore(self.db), self.clock, wanted, by="ann", reason="story")

    def grant(self, amount: int) -> None:
        """A credit, bought or given away, that ends in a month."""
        kind = "purchased" if amount % 2 else "promotional"
        ends = self.clock.now() + timedelta(days=30)
        wish = CreditWish(AccountId("acme"), kind, amount * 20 + 1, f"g{self.name()}", expires_at=ends)
        record_credit(DocumentStore(self.db), self.clock, wish)
        expire_credits(BillingStore(self.db), self.clock)

    def seats(self, quantity: int) -> None:
        """More or fewer seats from now on."""
        with suppress(Broken):
            request_change(
                BillingStore(self.db), self.clock, SubscriptionId("s1"), "quantity",
                {"item_id": "s1-1", "quantity": quantity % 9}, source=f"q{self.name()}",
            )  # fmt: skip

    def seal(self, _: int) -> None:
        """The journal is sealed."""
        seal_journal(LedgerStore(self.db), self.clock)

    def settle(self) -> None:
        """The inbox is applied, losses are booked."""
        apply_events(EventStore(self.db), FakeGateway(), self.clock)
        write_off_invoices(DocumentStore(self.db), self.clock)

    def open(self) -> list[tuple[str, int]]:
        """Open invoices and what is open on them, the oldest first."""
        return self.rows(
            """select invoice_id, due_minor - paid_minor - credited_minor from invoices
            where state in ('pending', 'overdue') and due_minor > paid_minor + credited_minor order by issued_at, 1"""
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.db.transaction() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def name(self) -> int:
        """A number that was not used before."""
        self.wishes += 1
        return self.wishes


EVENTS: dict[str, Callable[[Firm, int], None]] = {
    "days": Firm.days_pass, "pay": Firm.pay, "credit": Firm.credit, "forgo": Firm.forgo, "grant": Firm.grant,
    "seats": Firm.seats, "seal": Firm.seal, "settle_up": Firm.settle_up,
}  # fmt: skip

story = st.lists(st.tuples(st.sampled_from(sorted(EVENTS)), st.integers(1, 130)), min_size=3, max_size=14)


WITHOUT_EXPLAIN = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)  # explaining a long story takes minutes


@settings(
    max_examples=20, deadline=None, phases=WITHOUT_EXPLAIN, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story)
def test_any_story_leaves_sound_books(db: Database, story: list[tuple[str, int]]) -> None:
    firm = opened(db)

    for event, much in [("days", 1), *story, ("days", 40), ("days", 40)]:
        EVENTS[event](firm, much if event != "days" else much % 40 + 1)
        firm.settle()

    seal_journal(LedgerStore(db), firm.clock)
    verified = verify_books(LedgerStore(db), firm.clock)
    assert [(one.check, one.subject, one.detail) for one in verified.findings] == []
    assert sum(balances(db).values()) == 0
    assert firm.rows("select event_id, reason from inbox where state = 'dead'") == []


def opened(db: Database) -> Firm:
    """An empty firm with a customer who has seats, a setup fee and tax."""
    with db.transaction() as connection:
        connection.execute(text("set local session_replication_role = replica"))  # the append-only guards rest
        for (table,) in connection.execute(
            text("""select table_name from information_schema.tables where table_schema = 'public' and table_type =
            'BASE TABLE' and table_name not in ('ledger_accounts', 'alembic_version')""")
        ).all():
            connection.execute(text(f'delete from "{table}"'))
    add(db, tax_rates, tax_rate_id="vat", name="VAT", jurisdiction="DE", rate_ppm=190_000, inclusive=False)
    insert_account(db, tax_rate_id="vat", collection_method="net_terms", net_terms_days=10)
    insert_price(db, scheme="per_unit", unit_minor=733, setup_fee_minor=999)
    insert_subscription(db, quantity=3)
    return Firm(db)


def test_the_story_can_tell_everything(db: Database) -> None:
    firm = opened(db)
    plot = [("days", 1), ("credit", 10), ("grant", 101), ("days", 31), ("pay", 40), ("seats", 7), ("days", 1), ("pay", 130),
            ("days", 31), ("days", 12), ("forgo", 1), ("days", 31), ("settle_up", 40), ("credit", 150), ("days", 40)]  # fmt: skip

    for event, much in plot:
        EVENTS[event](firm, much)
        firm.settle()

    states = {state for (state,) in firm.rows("select distinct state from invoices")}
    kinds = {kind for (kind,) in firm.rows("select distinct kind from journal_entries")}
    assert {"paid", "overdue", "written_off"} <= states
    assert {
        "invoice_issued", "payment", "credit_note_issued", "written_off", "recovered", "revenue_recognised",
    } <= kinds  # fmt: skip
    assert firm.clock.now().date() > date(2026, 5, 1)
    assert firm.clock.now().tzinfo is UTC
    assert verify_books(LedgerStore(db), firm.clock).findings == ()
