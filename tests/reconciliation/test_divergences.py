"""The life of a divergence, and what dunning may do meanwhile."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_pipeline.adapters.comparison import DuckComparison
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import control, stripe
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.reconciliation import (
    CERTIFIED_FOR_DUNNING,
    SEVERITY,
    Finding,
    Freshness,
    Kind,
    ReconciliationPolicy,
    Severity,
    State,
    ago,
    divergence_id,
    judge,
)
from billing_pipeline.flows.ports.reconciliation import Examined, Run
from billing_pipeline.flows.reconcile_books import reconcile_books
from tests.reconciliation.faults import FAULTS
from tests.seeds import add, fetch
from tests.two_books import NOW, PAID_AT, TwoBooks, agreed, seconds


def history(db: Database) -> list[str]:
    return [row["what"] for row in fetch(db, control.divergence_history)]


def test_a_divergence_seen_again_is_the_same_one_a_day_older(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["amount_that_differs"](books, "x")
    books.reconcile()
    books.clock.advance(days=1)

    done = books.reconcile()

    (row,) = fetch(db, control.divergences)
    assert (done.new, row["first_seen"], row["last_seen"]) == (0, NOW, NOW + timedelta(days=1))
    assert history(db) == ["opened"]


def test_a_divergence_seen_no_more_is_resolved_and_reopens_when_it_comes_back(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["status_that_differs"](books, "x")
    books.reconcile()
    books.change("payment_intent", "pi_x", status="requires_payment_method", canceled_at=None)
    closed = books.reconcile().closed
    state = fetch(db, control.divergences)[0]["state"]
    books.change("payment_intent", "pi_x", status="canceled", canceled_at=seconds(PAID_AT))

    again = books.reconcile()

    assert (closed, state, again.new) == (1, "resolved", 1)
    assert history(db) == ["opened", "resolved", "reopened"]


def test_what_a_person_has_explained_stays_explained(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["payment_of_nobody"](books, "x")
    books.reconcile()
    (found,) = books.store.divergences()
    books.store.annotate(found.divergence_id, NOW, "ann", state="explained", owner="ann", note="the old shop")

    books.reconcile()

    told = books.store.divergence(found.divergence_id)
    assert told is not None
    assert (told.state, told.owner, told.note) == ("explained", "ann", "the old shop")
    assert books.findings() == []


def test_late_settlement_expires_by_age(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["charge_that_does_not_settle"](books, "x")
    books.reconcile()
    books.clock.advance(days=22)

    found = books.found()

    states = {row["kind"]: row["state"] for row in fetch(db, control.divergences)}
    assert found == [("fee_unbooked", "ch_x")]
    assert states == {"late_settlement": "expired", "fee_unbooked": "open"}


def test_what_happened_after_the_cut_off_is_not_compared_yet(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.charge("new", "acme", 4900, NOW - timedelta(minutes=59), invoice="inv-open")

    before = books.found()
    books.clock.advance(minutes=2)
    after = books.found()

    assert before == []
    assert after == [("missing_in_ledger", "pi_new")]


def test_a_fact_that_waits_in_the_inbox_gives_the_books_an_hour(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["payment_that_we_were_not_told"](books, "x")
    add(
        db, stripe.inbox, event_id="evt_1", source="webhook", type="payment_intent.succeeded", object_type="payment_intent",
        object_id="pi_x", fact_key="k", occurred_at=PAID_AT, received_at=NOW - timedelta(minutes=5), payload={},
    )  # fmt: skip

    before = books.found()
    books.clock.advance(hours=1)
    after = books.found()

    assert before == []
    assert after == [("missing_in_ledger", "pi_x")]


def test_a_stale_list_of_stripe_does_not_make_newer_payments_missing(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.reconcile()
    books.clock.advance(days=2)
    books.paid_invoice("later", "acme", at=NOW + timedelta(days=1))
    with books.side.stripe_landing("old", NOW, NOW, full=False):
        pass
    from billing_pipeline.adapters.ledger_extract import LedgerExtract
    from billing_pipeline.flows.extract_ledger import extract_ledger

    extract_ledger(LedgerExtract(db, books.lake), books.clock, run_id="only-ours")

    reconcile_books(
        DuckComparison(books.workbench), books.store, books.side, books.clock, books.policy, run_id="r9", zone="UTC"
    )

    assert books.findings() == []


def test_an_error_is_noted_and_closes_the_gate(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.reconcile()

    class Breaking:
        def examine(self, run: Run, policy: ReconciliationPolicy, *, zone: str) -> Examined:
            raise Broken("the disk is full")

        def examine_touched(self, run: Run, policy: ReconciliationPolicy, *, zone: str) -> Examined | None:
            return None

    with pytest.raises(Broken, match="the disk is full"):
        reconcile_books(Breaking(), books.store, books.side, books.clock, books.policy, run_id="bad", zone="UTC")

    gate = books.store.gate(NOW)
    assert not gate.open
    assert gate.reason == "the last reconciliation failed: the disk is full"


def test_stripe_never_extracted_is_said_so(db: Database, tmp_path: Path) -> None:
    books = TwoBooks(db, tmp_path)

    with pytest.raises(Broken, match="Stripe's objects were never extracted"):
        reconcile_books(
            DuckComparison(books.workbench), books.store, books.side, books.clock, books.policy, run_id="r", zone="UTC"
        )


def test_the_gate_opens_on_fresh_runs_and_certificates(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    closed = books.store.gate(NOW)
    books.reconcile()
    half = books.store.gate(NOW)
    for object_type in CERTIFIED_FOR_DUNNING:
        add(
            db, control.certificates, object_type=object_type, sweep_id="s", complete_to=NOW, objects=1, sums={}, digest="",
            missed_by_events=0, issued=True, made_at=NOW,
        )  # fmt: skip

    gate = books.store.gate(NOW)

    assert "no reconciliation has finished" in closed.reason
    assert "no completeness certificate for payment_intent" in half.reason
    assert gate.open


def test_what_was_explained_is_open_again_when_another_amount_is_at_stake(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["amount_that_differs"](books, "x")
    books.reconcile()
    (found,) = books.store.divergences()
    books.store.annotate(found.divergence_id, NOW, "ann", state="explained", owner="ann", note="one dollar of rounding")
    books.reconcile()
    books.change("payment_intent", "pi_x", amount=9900, amount_received=9900)

    done = books.reconcile()

    (again,) = books.store.divergences()
    assert (done.new, again.divergence_id, again.note) == (1, found.divergence_id, "one dollar of rounding")
    assert history(db) == ["opened", "explained", "reopened"]
    assert fetch(db, control.divergences)[0]["closed_at"] is None


@pytest.mark.parametrize(
    ("fault", "held"),
    [
        ("status_that_differs", {"inv-x"}),
        ("customer_deleted_in_the_dashboard", {"inv-of-x"}),
        ("fee_that_is_not_booked", set()),
        ("bank_line_of_nothing", set()),
        ("subscription_that_we_never_made", {"inv-open"}),
    ],
)
def test_an_invoice_waits_for_errors_on_itself_its_intent_or_its_customer_only(
    db: Database, tmp_path: Path, fault: str, held: set[str]
) -> None:
    books = agreed(db, tmp_path)
    FAULTS[fault](books, "x")
    if fault.startswith("customer"):
        books.open_invoice("of-x", "x")
    books.reconcile()

    waiting = books.store.held_invoices()

    assert set(waiting) == held


@given(
    st.sampled_from(["finished", "failed", "certificate", "waiting"]),
    st.integers(0, 10_000),
)
def test_any_one_doubt_closes_the_gate(doubt: str, minutes: int) -> None:
    policy, now = ReconciliationPolicy(), datetime(2026, 3, 1, tzinfo=UTC)
    old = now - timedelta(minutes=minutes)
    freshness = Freshness(
        old if doubt == "finished" else now,
        "broken" if doubt == "failed" else None,
        dict.fromkeys(CERTIFIED_FOR_DUNNING, old if doubt == "certificate" else now),
        old if doubt == "waiting" else None,
    )

    gate = judge(freshness, policy, now)

    limits = {
        "finished": policy.fresh_minutes,
        "certificate": policy.certificate_minutes,
        "waiting": policy.inbox_waiting_minutes_max,
    }
    assert gate.open == (doubt != "failed" and minutes <= limits[doubt])


def test_every_kind_has_a_severity_and_money_of_customers_is_an_error() -> None:
    errors = {kind for kind, severity in SEVERITY.items() if severity is Severity.ERROR}

    assert set(SEVERITY) == set(Kind)
    assert {Kind.MISSING_IN_LEDGER, Kind.DUPLICATE_CHARGE, Kind.UNHELD_MIRROR} <= errors
    assert {Kind.FEE_UNBOOKED, Kind.PAYOUT_MISMATCH, Kind.BANK_LINE_UNMATCHED} & errors == set()


def test_the_states_and_severities_are_those_of_the_database() -> None:
    checks = {str(c.sqltext) for c in control.divergences.constraints if c.name and "check" in str(c.name)}  # type: ignore[attr-defined]
    severity = f"severity in ({', '.join(repr(s.value) for s in Severity)})"
    state = f"state in ({', '.join(repr(s.value) for s in State)})"

    assert {severity, state} <= checks


@given(st.sampled_from(list(Kind)), st.text(max_size=20), st.text(max_size=20))
def test_kind_and_subject_make_the_id(kind: Kind, one: str, other: str) -> None:
    ids = Finding(kind, one).divergence_id, divergence_id(kind, other)

    assert (ids[0] == ids[1]) == (one == other)


@pytest.mark.parametrize(
    ("minutes", "words"), [(5, "5 minutes ago"), (119, "119 minutes ago"), (180, "3 hours ago"), (4320, "3 days ago")]
)
def test_ages_are_told_in_the_largest_fitting_unit(minutes: int, words: str) -> None:
    assert ago(NOW - timedelta(minutes=minutes), NOW) == words


def test_a_word_on_a_divergence_that_does_not_exist_is_refused(db: Database, tmp_path: Path) -> None:
    with pytest.raises(Broken, match="no divergence amount-x"):
        TwoBooks(db, tmp_path).store.annotate("amount-x", NOW, "ann")
