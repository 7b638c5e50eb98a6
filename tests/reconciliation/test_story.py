"""The whole way: a simulated Stripe, real collection, events and sweeps; then things go wrong behind our back."""

from collections.abc import Callable
from pathlib import Path

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import stripe
from stripe_simulator import Simulator
from tests.collecting import customer, open_desk
from tests.reconciliation.company import Company
from tests.seeds import fetch


@pytest.fixture
def company(db: Database, simulator: Simulator, tmp_path: Path) -> Company:
    desk = open_desk(db, simulator)
    for account in ("acme", "zeta", "poor"):
        customer(desk, account, "pm_sim_insufficient_funds" if account == "poor" else "pm_card_visa")
    made = Company(desk, tmp_path)
    made.bill("acme", "zeta", "poor")
    desk.pass_time(hours=3)
    made.sweep()
    return made


def test_a_company_whose_events_all_arrive_has_no_divergence(company: Company) -> None:
    for _ in range(4):
        company.desk.pass_time(days=1)
        company.sweep()
        done = company.reconcile()

    assert company.kinds() == []
    assert (done.findings, done.unexplained) == (0, 0)


def test_one_fetch_serves_the_sweep_and_the_extraction(company: Company) -> None:
    company.reconcile()
    company.desk.pass_time(days=1)
    before = len(company.desk.sim.calls)

    counts = company.extract(swept=True)

    lists = [
        path
        for method, path, _ in list(company.desk.sim.calls)[before:]
        if method == "get" and path == "/v1/payment_intents"
    ]
    assert counts["payment_intent"] == 3
    assert len(lists) == 1


def drift_refund(company: Company) -> None:
    company.desk.sim.drift.refund(paid_charge(company), 500)


def drift_dispute(company: Company) -> None:
    company.desk.sim.drift.dispute(paid_charge(company))


def drift_customer(company: Company) -> None:
    (account,) = [
        c["id"] for c in company.desk.sim.objects("customer") if c.get("metadata", {}).get("account_id") == "zeta"
    ]
    company.desk.sim.drift.delete_customer(account)


def drift_orphan(company: Company) -> None:
    (account,) = [
        c["id"] for c in company.desk.sim.objects("customer") if c.get("metadata", {}).get("account_id") == "acme"
    ]
    company.desk.sim.drift.orphan_payment_intent(account, 700, "usd")


def drift_amount(company: Company) -> None:
    intent = fetch(company.desk.db, stripe.payments)[0]["payment_intent_id"]
    company.desk.sim.drift.change_amount(intent)


def drift_canceled(company: Company) -> None:
    (intent,) = [
        row["payment_intent_id"]
        for row in fetch(company.desk.db, stripe.collections)
        if row["status"] == "requires_payment_method"
    ]
    company.desk.sim.drift.cancel_payment_intent(intent)


def paid_charge(company: Company) -> str:
    return str(fetch(company.desk.db, stripe.payments)[0]["charge_id"])


@pytest.mark.parametrize(
    ("drift", "found", "repaired"),
    [
        (drift_refund, ["refund_mismatch"], {"book_refund": 1}),
        (drift_dispute, ["dispute_unbooked"], {"book_dispute": 1}),
        (drift_customer, ["customer_deleted"], {"flag_customer": 1}),
        (drift_canceled, ["status"], {"reapply_fact": 1}),
        (drift_orphan, ["orphan_object"], {}),
        (drift_amount, ["amount"], {}),
    ],
)
def test_what_happens_behind_our_back_is_found_and_what_can_be_repaired_is(
    company: Company, drift: Callable[[Company], None], found: list[str], repaired: dict[str, int]
) -> None:
    company.reconcile()
    drift(company)
    company.desk.pass_time(hours=2)
    company.reconcile()
    seen = company.kinds()

    done = company.repair()
    company.desk.pass_time(hours=2)
    company.reconcile()

    assert seen == found
    assert done == repaired
    assert company.kinds() == ([] if repaired else found)


def test_a_reply_that_was_lost_is_found_as_unknown_and_settled(company: Company) -> None:
    company.reconcile()
    company.desk.fault("drop_after")
    company.bill("acme")
    company.desk.pass_time(hours=2)
    company.reconcile()
    seen = company.kinds()

    done = company.repair()
    company.desk.pass_time(hours=2)
    company.sweep()
    company.reconcile()

    assert seen == ["unknown_outcome"]
    assert done == {"settle_attempt": 1}
    assert company.kinds() == []
    assert all(count == 1 for count in company.desk.charges().values())


def test_events_that_never_came_are_found_and_repaired(company: Company) -> None:
    company.reconcile()
    intent = company.desk.sim.client().v1.payment_intents
    row = fetch(company.desk.db, stripe.collections, status="requires_payment_method")[0]
    method = company.desk.sim.client().v1.payment_methods.attach(
        "pm_card_visa", {"customer": fetch_customer(company, "poor")}
    )
    intent.confirm(row["payment_intent_id"], {"payment_method": method.id, "off_session": True})
    company.desk.pass_time(hours=2)
    company.reconcile()
    seen = company.kinds()

    done = company.repair()
    company.desk.pass_time(hours=2)
    company.reconcile()

    assert seen == ["missing_in_ledger"]
    assert done == {"reapply_fact": 1}
    assert company.kinds() == []


def fetch_customer(company: Company, account: str) -> str:
    from billing_pipeline.adapters.tables.catalog import accounts

    return str(fetch(company.desk.db, accounts, account_id=account)[0]["stripe_customer_id"])


def test_money_is_followed_to_the_payout_and_back(company: Company) -> None:
    for _ in range(6):
        company.desk.pass_time(days=1)
        company.sweep()
    company.reconcile()
    before = company.kinds()
    (payout,) = [one["id"] for one in company.desk.sim.objects("payout")][:1]
    company.desk.sim.drift.fail_payout(payout)
    company.desk.pass_time(hours=2)
    company.reconcile()
    seen = company.kinds()

    done = company.repair()
    company.desk.pass_time(hours=2)
    company.reconcile()

    assert before == []
    assert seen == ["payout_failed_after_paid"]
    assert done == {"book_payout": 1}
    assert company.kinds() == []
