"""How an invoice ends that Stripe billed: voided there it was never owed, uncollectible it is a loss; the books stay sound."""

from datetime import UTC, date, datetime, timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.stores.ledger_store import LedgerStore
from billing_pipeline.adapters.tables import billing, ledger
from billing_pipeline.adapters.tables.catalog import tax_rates
from billing_pipeline.domain.ids import AccountId, SubscriptionId, invoice_id
from billing_pipeline.flows.expire_credits import expire_credits
from billing_pipeline.flows.recognise_revenue import recognise_revenue
from billing_pipeline.flows.record_credit import CreditWish, record_credit
from billing_pipeline.flows.take_over import plan_takeover
from billing_pipeline.flows.write_off_invoices import write_off_invoices
from stripe_simulator import Simulator
from tests.fakes import FakeClock
from tests.ledger_seeds import balances, findings, pay
from tests.mirroring import MirrorDesk, mirror_customer, open_mirror_desk
from tests.seeds import add, fetch, insert_price, insert_subscription

FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)
ELEVENTH = datetime(2026, 2, 11, 9, tzinfo=UTC)
INVOICE = invoice_id(SubscriptionId("s1"), FEBRUARY)


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> MirrorDesk:
    """Acme pays for three seats and tax; Stripe is to bill February, and its card is refused by then."""
    made = open_mirror_desk(db, simulator)
    add(db, tax_rates, tax_rate_id="vat", name="VAT", jurisdiction="DE", rate_ppm=200_000, inclusive=False)
    mirror_customer(made, tax_rate_id="vat")
    insert_price(db, "team-usd", "team", scheme="per_unit", unit_minor=1400)
    insert_subscription(db, price_id="team-usd", quantity=2)
    made.bill()
    made.catalog()
    made.sync()
    plan_takeover(made.takeover, "ann")
    (card,) = simulator.objects("payment_method")
    made.client.payment_methods.update(card["id"], {"metadata": {"sim_decline_code": "insufficient_funds"}})
    return made


def credit(desk: MirrorDesk, kind: str = "purchased", minor: int = 1000, ends: datetime | None = None) -> None:
    """Acme has a credit."""
    wish = CreditWish(AccountId("acme"), kind, minor, "g", expires_at=ends)
    record_credit(DocumentStore(desk.db), desk.clock, wish)


def unpaid(desk: MirrorDesk) -> str:
    """Stripe's invoice of February, refused by the card and in our books; ten days of February are earned."""
    for moment in (timedelta(hours=-2), timedelta(minutes=20), timedelta(hours=3)):
        desk.until(FEBRUARY + moment)
        desk.tick()
    desk.until(ELEVENTH)
    recognise_revenue(LedgerStore(desk.db), desk.clock, date(2026, 2, 10))
    (invoice,) = fetch(desk.db, billing.invoices, charger="stripe")
    return str(invoice["stripe_invoice_id"])


def february(desk: MirrorDesk) -> dict[str, int]:
    """What the books hold of February's invoice and its credits, without the revenue that is booked by the day."""
    (invoice,) = fetch(desk.db, billing.invoices, charger="stripe")
    return balances(desk.db, invoice_id=invoice["invoice_id"])


def state(desk: MirrorDesk) -> str:
    (invoice,) = fetch(desk.db, billing.invoices, charger="stripe")
    return str(invoice["state"])


def test_a_void_takes_back_revenue_tax_and_receivable(desk: MirrorDesk) -> None:
    name = unpaid(desk)
    before = february(desk)

    desk.client.invoices.void_invoice(name)
    desk.hear()
    recognise_revenue(LedgerStore(desk.db), FakeClock(datetime(2026, 4, 1, 9, tzinfo=UTC)), date(2026, 3, 31))

    assert before == {"receivable": 3360, "deferred_revenue": -2800, "tax_payable": -560}
    assert state(desk) == "void"
    assert february(desk) == {"deferred_revenue": -1100, "revenue": 1100}  # earned by the day, reversed with the void
    assert "bad_debt" not in balances(desk.db)
    assert balances(desk.db)["revenue"] == -2800  # January's alone
    assert findings(desk.db) == []


@pytest.mark.parametrize(("kind", "account"), [("purchased", "customer_credits"), ("promotional", "credits_granted")])
def test_the_credits_of_a_void_invoice_go_back_to_their_grants(desk: MirrorDesk, kind: str, account: str) -> None:
    credit(desk, kind)
    name = unpaid(desk)
    spent = fetch(desk.db, billing.credit_grants)[0]["remaining_minor"]

    desk.client.invoices.void_invoice(name)
    desk.hear()

    (grant,) = fetch(desk.db, billing.credit_grants)
    (use,) = fetch(desk.db, billing.credit_uses)
    assert (spent, grant["remaining_minor"], use["returned_at"]) == (0, 1000, ELEVENTH)
    assert account not in february(desk)
    assert "receivable" not in february(desk)
    assert findings(desk.db) == []


def test_a_credit_that_has_expired_since_stays_gone(desk: MirrorDesk) -> None:
    credit(desk, minor=3340, ends=ELEVENTH - timedelta(days=1))  # 0.30 of it stay unused: Stripe charges no 0.20
    name = unpaid(desk)
    expire_credits(desk.takeover.billing, desk.clock)

    desk.client.invoices.void_invoice(name)
    desk.hear()

    (grant,) = fetch(desk.db, billing.credit_grants)
    assert (grant["expired_at"], grant["remaining_minor"]) == (ELEVENTH, 0)
    assert "customer_credits" not in balances(desk.db)
    assert balances(desk.db, source=f"credit_returned:cg-g:{INVOICE}") == {"receivable": 3310, "revenue": -3310}
    assert findings(desk.db) == []


def test_an_invoice_given_up_in_stripe_is_a_loss_before_it_is_due_here(desk: MirrorDesk) -> None:
    name = unpaid(desk)
    due = state(desk)

    desk.client.invoices.mark_uncollectible(name)
    desk.hear()

    assert (due, state(desk)) == ("pending", "written_off")
    assert february(desk) == {"deferred_revenue": -1100, "bad_debt": 1100}
    assert findings(desk.db) == []


def test_a_loss_that_is_voided_later_is_no_loss_any_more(desk: MirrorDesk) -> None:
    credit(desk)
    name = unpaid(desk)
    desk.client.invoices.mark_uncollectible(name)
    desk.hear()
    lost = balances(desk.db)["bad_debt"]

    desk.client.invoices.void_invoice(name)
    desk.hear()

    assert lost > 0
    assert state(desk) == "void"
    assert "bad_debt" not in balances(desk.db)
    assert february(desk) == {"deferred_revenue": -1100, "revenue": 1100}
    assert fetch(desk.db, billing.credit_grants)[0]["remaining_minor"] == 1000
    assert findings(desk.db) == []


def test_a_loss_that_is_paid_later_is_income(desk: MirrorDesk) -> None:
    name = unpaid(desk)
    desk.client.invoices.mark_uncollectible(name)
    desk.hear()
    (card,) = desk.sim.objects("payment_method")
    desk.client.payment_methods.update(card["id"], {"metadata": {"sim_decline_code": ""}})

    desk.client.invoices.pay(name)
    desk.hear()

    assert (state(desk), "receivable" in february(desk)) == ("paid", False)
    assert findings(desk.db) == []


def test_a_void_told_twice_is_booked_once(desk: MirrorDesk) -> None:
    name = unpaid(desk)
    desk.client.invoices.void_invoice(name)
    desk.hear()
    booked = len(fetch(desk.db, ledger.journal_entries))

    desk.client.invoices.update(name, {"metadata": {"seen": "1"}})
    desk.hear()
    again = write_off_invoices(DocumentStore(desk.db), desk.clock)

    assert (again.invoices, len(fetch(desk.db, ledger.journal_entries))) == (0, booked)


def test_what_was_paid_of_a_void_invoice_waits_to_be_given_back(desk: MirrorDesk) -> None:
    name = unpaid(desk)
    (invoice,) = fetch(desk.db, billing.invoices, charger="stripe")
    pay(desk.db, invoice["invoice_id"], 1000)

    desk.client.invoices.void_invoice(name)
    desk.hear()

    assert (february(desk)["unapplied_cash"], february(desk)["stripe_pending"]) == (-1000, 1000)
    assert "receivable" not in february(desk)
    assert findings(desk.db) == []
