"""Money that goes back: refunds, payouts that fail, money that becomes available."""

from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, stripe
from tests import seeds
from tests.fakes import START
from tests.flows.event_world import T0, EventWorld, event, intent, transaction
from tests.flows.reversals import DAY, refund, reversal_world, tell_refund


@pytest.fixture
def world(db: Database) -> EventWorld:
    return reversal_world(db)


def test_a_refund_lowers_revenue_and_tax_and_leaves_the_invoice_paid(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent()))
    tell_refund(world, refund(), "evt_1")

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    (payment,) = seeds.fetch(world.db, stripe.payments)
    assert (invoice["state"], invoice["refunded_minor"], payment["refunded_minor"]) == ("paid", 4900, 4900)
    assert world.balances() == {"receivable": -4900, "refunds": 4000, "tax_payable": 900}


def test_a_refund_of_an_imported_invoice_gives_back_no_tax_that_these_books_never_held(world: EventWorld) -> None:
    seeds.change(world.db, billing.invoices, "inv-1", kind="opening")
    world.tell(event("payment_intent.succeeded", intent()))
    tell_refund(world, refund(), "evt_1")

    assert world.balances() == {"receivable": -4900, "refunds": 4900}


def test_partial_refunds_sum_to_the_whole_tax(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent()))
    for number, amount in enumerate((1633, 1633, 1634)):
        tell_refund(world, refund(amount=amount, name=f"re_{number}"), f"evt_{number}")

    assert world.balances() == {"receivable": -4900, "refunds": 4000, "tax_payable": 900}


def test_a_refund_of_a_previous_balance_gives_back_no_more_tax_than_the_invoice_had(world: EventWorld) -> None:
    seeds.change(world.db, billing.invoices, "inv-1", due_minor=5300, previous_balance_minor=400)
    whole = intent(amount=5300, amount_received=5300)
    world.tell(event("payment_intent.succeeded", whole))

    for name, amount in (("re_1", 4900), ("re_2", 400)):
        tell_refund(world, refund(amount=amount, name=name, payment_intent=whole), f"evt_{name}")

    assert world.balances() == {"receivable": -5300, "refunds": 4400, "tax_payable": 900}


def test_a_refund_of_what_was_kept_of_a_void_invoice_leaves_revenue_and_tax_alone(world: EventWorld) -> None:
    seeds.change(world.db, billing.invoices, "inv-1", total_minor=9800, due_minor=9800)
    world.tell(event("payment_intent.succeeded", intent()))
    world.apply()
    seeds.change(world.db, billing.invoices, "inv-1", state="void", voided_at=START)

    tell_refund(world, refund(), "evt_1")

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert world.balances() == {"receivable": -4900, "unapplied_cash": 4900}
    assert invoice["refunded_minor"] == 0


def test_a_refund_told_before_its_payment_brings_the_payment_along(world: EventWorld) -> None:
    tell_refund(world, refund(amount=1000), "evt_1")

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert (invoice["state"], invoice["refunded_minor"]) == ("paid", 1000)


def test_a_refund_that_fails_later_is_taken_back_to_the_cent(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent()))
    tell_refund(world, refund(), "evt_1")
    tell_refund(world, refund("failed", failure_balance_transaction="txn_f"), "evt_2")

    (row,) = seeds.fetch(world.db, stripe.refunds)
    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert (row["status"], row["booked_minor"], invoice["refunded_minor"]) == ("failed", 0, 0)
    assert world.balances() == {"receivable": -4900, "stripe_pending": 4900}


def test_a_refund_seen_only_after_it_failed_leaves_both_entries_and_no_balance(world: EventWorld) -> None:
    tell_refund(world, refund("failed", failure_balance_transaction="txn_f"), "evt_1")

    assert world.balances() == {"receivable": -4900, "stripe_pending": 4900}
    with world.db.cursor() as cursor:
        sources = cursor.execute("select source from journal_entries order by entry_id").fetchall()
    assert [source for (source,) in sources] == ["payment:ch_1", "refund:re_1", "refund_failed:re_1"]


def test_a_refund_of_money_paid_twice_takes_the_credit_back(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent()), event("payment_intent.succeeded", intent("pi_2")))
    world.apply()

    tell_refund(world, refund(charge="ch_2", payment_intent=intent("pi_2")), "evt_1")

    (grant,) = seeds.fetch(world.db, billing.credit_grants)
    assert grant["remaining_minor"] == 0
    assert world.balances() == {"receivable": -4900, "stripe_pending": 4900}


def payout(status: str, **values: Any) -> dict[str, Any]:
    """A payout of 47.28 usd."""
    row = {"id": "po_1", "object": "payout", "status": status, "currency": "usd", "amount": 4728, "automatic": True}
    row |= {
        "method": "standard",
        "arrival_date": T0 + 4 * DAY,
        "created": T0 + 2 * DAY,
        "reconciliation_status": "in_progress",
    }
    return row | values


def test_a_payout_moves_money_to_the_bank_and_a_failed_one_brings_it_back(world: EventWorld) -> None:
    balances = []
    for number, status in enumerate(("in_transit", "paid", "failed", "paid")):
        world.stripe.hold("/v1/payouts/po_1", payout(status))
        world.tell(event("payout.updated", payout(status), f"evt_{number}"))
        world.apply()
        balances.append(world.balances())

    in_transit = {"payouts_in_transit": 4728, "stripe_available": -4728}
    assert balances == [in_transit, in_transit, {}, {}]
    (row,) = seeds.fetch(world.db, stripe.payouts)
    assert row["status"] == "failed"


def test_money_becomes_available_on_its_day_and_no_earlier(world: EventWorld) -> None:
    charge = {"id": "ch_1", "object": "charge", "status": "succeeded", "balance_transaction": "txn_1"}
    world.stripe.hold("/v1/balance_transactions/txn_1", transaction())
    world.tell(event("payment_intent.succeeded", intent()), event("charge.updated", charge))
    world.apply()
    before = world.balances()
    world.clock.advance(days=2)
    world.tell(event("payment_intent.succeeded", intent("pi_2", invoice="inv-1")))

    world.apply()

    assert (before["stripe_pending"], "stripe_available" in before) == (4728, False)
    assert (world.balances()["stripe_available"], world.balances()["stripe_pending"]) == (4728, 4900)


def test_a_payment_that_settles_in_another_currency_crosses_through_fx_balanced_in_both(world: EventWorld) -> None:
    settled = transaction(currency="eur", amount=4500, fee=160, exchange_rate="0.918367")
    charge = {"id": "ch_1", "object": "charge", "status": "succeeded", "balance_transaction": "txn_1"}
    world.stripe.hold("/v1/balance_transactions/txn_1", settled)
    world.tell(event("payment_intent.succeeded", intent()), event("charge.updated", charge))

    world.apply()

    with world.db.cursor() as cursor:
        found = cursor.execute("""select e.currency, a.name, sum(p.minor)::bigint from postings p
            join journal_entries e using (entry_id) join ledger_accounts a using (ledger_account)
            group by 1, 2 having sum(p.minor) <> 0 order by 1, 2""").fetchall()
    assert found == [
        ("eur", "fx_gain_loss", -4500), ("eur", "processor_fees", 160), ("eur", "stripe_pending", 4340),
        ("usd", "fx_gain_loss", 4900), ("usd", "receivable", -4900),
    ]  # fmt: skip
