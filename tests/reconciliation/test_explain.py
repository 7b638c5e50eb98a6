"""From a number to everything behind it."""

import json
from pathlib import Path

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.trail_store import Trails
from billing_pipeline.adapters.tables import billing, stripe
from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.explain import explain
from tests.reconciliation.faults import FAULTS
from tests.seeds import add
from tests.two_books import PAID_AT, TwoBooks, agreed


def told(books: TwoBooks) -> TwoBooks:
    """Books with an attempt and an event behind payment a."""
    add(
        books.db, stripe.stripe_attempts, operation="charge", subject="inv-a#1", attempt=1, idempotency_key="pi:inv-a:1:1",
        api_version="v", method_path="post /v1/payment_intents", request_json="{}", started_at=PAID_AT, lease_until=PAID_AT,
        outcome="succeeded", outcome_at=PAID_AT, resolved_by="reply", object_id="pi_a", request_id="req_123",
    )  # fmt: skip
    add(
        books.db, stripe.inbox, event_id="evt_9", source="webhook", type="payment_intent.succeeded",
        object_type="payment_intent", object_id="pi_a", fact_key="k", occurred_at=PAID_AT, received_at=PAID_AT, payload={},
        state="applied",
    )  # fmt: skip
    return books


@pytest.mark.parametrize("subject", ["inv-a", "INV-A", "pi_a", "ch_a", "txn_a"])
def test_any_name_of_a_payment_leads_to_the_whole_trail(db: Database, tmp_path: Path, subject: str) -> None:
    told(agreed(db, tmp_path))

    found = explain(Trails(db), subject)

    kinds = {piece.what for piece in found.pieces}
    assert {"invoice", "entry", "attempt", "event", "payment", "collection"} <= kinds
    for word in ("req_123", "evt_9", "payment:ch_a", "Dr 1200 4900 Cr 1100 4900", "fee:txn_a"):
        assert word in found.text


def test_a_refund_and_a_dispute_lead_to_their_payment(db: Database, tmp_path: Path) -> None:
    agreed(db, tmp_path)

    refund, dispute = explain(Trails(db), "re_b"), explain(Trails(db), "du_c")

    assert "payment:ch_b" in refund.text
    assert "payment:ch_c" in dispute.text


@pytest.mark.parametrize("subject", ["INV-A-CN-0001", "cn-inv-a-0", "inv-a"])
def test_a_credit_note_and_a_wish_for_a_refund_say_why_and_who(db: Database, tmp_path: Path, subject: str) -> None:
    agreed(db, tmp_path)
    add(
        db, billing.credit_notes, credit_note_id="cn-inv-a-0", invoice_id="inv-a", legal_entity_id="main",
        number="INV-A-CN-0001", currency="usd", amount_minor=100, reason="Outage", issued_by="ann", issued_at=PAID_AT,
    )  # fmt: skip
    add(
        db, stripe.refund_requests, refund_request_id="refund-1", payment_id="pi_a", amount_minor=200, destination="credit",
        reason="unhappy", requested_by="bob", requested_at=PAID_AT,
    )  # fmt: skip

    found = explain(Trails(db), subject).text

    assert "number=INV-A-CN-0001 amount_minor=100 reason=Outage issued_by=ann" in found
    assert "amount_minor=200 destination=credit reason=unhappy requested_by=bob state=requested" in found
    assert "payment:ch_a" in found


def test_a_payout_leads_to_its_entry_and_its_bank_line(db: Database, tmp_path: Path) -> None:
    agreed(db, tmp_path)

    found = explain(Trails(db), "po_1")

    assert {piece.what for piece in found.pieces} == {"payout", "entry", "bank line"}


def test_a_divergence_leads_to_what_it_is_about(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["amount_that_differs"](books, "x")
    books.reconcile()
    (divergence,) = books.store.divergences()

    found = explain(Trails(db), divergence.divergence_id)

    assert {"divergence", "history", "invoice", "payment", "entry"} <= {piece.what for piece in found.pieces}


def test_what_both_sides_say_reads_in_major_units_and_the_json_keeps_minor_ones(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["amount_that_differs"](books, "x")
    books.reconcile()
    (divergence,) = books.store.divergences()
    stored = divergence.finding.theirs

    found = explain(Trails(db), divergence.divergence_id)

    word, minor, currency = stored.split()
    (line,) = [line for line in found.text.splitlines() if "  divergence " in line]
    assert f"theirs={word} {int(minor) / 100:.2f} {currency} " in f"{line} "
    assert stored not in line
    assert f'"{stored}"' in found.json


def test_the_trail_is_json_as_well_oldest_first(db: Database, tmp_path: Path) -> None:
    told(agreed(db, tmp_path))

    raw = json.loads(explain(Trails(db), "inv-a").json)

    moments = [piece["at"] for piece in raw["trail"] if piece["at"]]
    assert raw["subject"] == "inv-a"
    assert moments == sorted(moments)


def test_of_one_moment_the_document_comes_before_the_call_and_the_fact_before_what_it_booked(
    db: Database, tmp_path: Path
) -> None:
    told(agreed(db, tmp_path))

    pieces = [piece for piece in explain(Trails(db), "pi_a").pieces if piece.at == PAID_AT]

    order = [piece.what for piece in pieces if piece.what in ("attempt", "event", "payment", "entry")]
    assert order == sorted(order, key=["attempt", "event", "payment", "entry"].index)


def test_what_nobody_knows_is_said_so(db: Database) -> None:
    with pytest.raises(Broken, match="nothing is known of 'nonsense'"):
        explain(Trails(db), "nonsense")
