"""Repairs: proposed for what has one, done when safe or approved, never in a circle."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.adapters.stores.repair_store import RepairDesk
from billing_pipeline.adapters.tables import control, stripe
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken, TryLater
from billing_pipeline.domain.ids import IdempotencyKey, InvoiceId, PaymentIntentId
from billing_pipeline.domain.reconciliation import Finding, Kind, ReconciliationPolicy
from billing_pipeline.domain.repairs import SAFE, RepairKind, propose, repair_kind
from billing_pipeline.flows.ports import Json, Page, Reply, Request
from billing_pipeline.flows.ports.reconciliation import StoredRepair
from billing_pipeline.flows.repair_divergences import Hands, Repaired, repair_divergences
from tests.reconciliation.faults import FAULTS
from tests.seeds import fetch
from tests.two_books import TwoBooks, agreed


class ShownStripe:
    """A gateway that reads what the test's Stripe side holds."""

    api_version = "test"

    def __init__(self, books: TwoBooks, *, away: bool = False) -> None:
        self.books, self.away = books, away

    def read(self, path: str, params: Json | None = None) -> Json | None:
        if self.away:
            raise TryLater("Stripe is away")
        object_type, object_id = path.removeprefix("/v1/").split("/")
        return self.books.objects.get(object_type.removesuffix("s"), {}).get(object_id)

    def send(self, request: Request, key: IdempotencyKey) -> Reply:
        raise NotImplementedError

    def pages(self, path: str, params: Json | None = None) -> Iterator[Page]:
        raise NotImplementedError


def repaired(books: TwoBooks, *, hands: Hands | None = None, away: bool = False, dry_run: bool = False) -> Repaired:
    return repair_divergences(
        books.store, RepairDesk(books.db), ShownStripe(books, away=away), InboxStore(books.db), books.clock, books.policy,
        hands=hands, dry_run=dry_run,
    )  # fmt: skip


def facts(db: Database) -> list[dict[str, Any]]:
    return [{key: row[key] for key in ("source", "type", "object_id")} for row in fetch(db, stripe.inbox)]


@pytest.mark.parametrize(
    ("fault", "kind", "told"),
    [
        ("payment_that_we_were_not_told", "reapply_fact", ("payment_intent.swept", "pi_x")),
        ("status_that_differs", "reapply_fact", ("payment_intent.swept", "pi_x")),
        ("refund_made_in_the_dashboard", "book_refund", ("refund.swept", "re_x")),
        ("dispute_that_we_were_not_told", "book_dispute", ("dispute.swept", "du_x")),
        ("fee_that_is_not_booked", "book_fee", ("balance_transaction.swept", "txn_x")),
        ("payout_that_came_back", "book_payout", ("payout.swept", "po_x")),
        ("customer_deleted_in_the_dashboard", "flag_customer", ("customer.swept", "cus_x")),
    ],
)
def test_a_safe_repair_tells_the_inbox_what_stripe_shows(
    db: Database, tmp_path: Path, fault: str, kind: str, told: tuple[str, str]
) -> None:
    books = agreed(db, tmp_path)
    FAULTS[fault](books, "x")
    books.reconcile()

    done = repaired(books)

    assert done.by_kind == {kind: 1}
    assert facts(db) == [{"source": "repair", "type": told[0], "object_id": told[1]}]


def test_a_repair_is_done_once(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["refund_made_in_the_dashboard"](books, "x")
    books.reconcile()

    first, second = repaired(books), repaired(books)

    assert (first.done, second.done) == (1, 1)
    assert len({row["object_id"] for row in facts(db)}) == 1


def test_a_repair_that_did_not_help_waits_for_a_person(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["refund_made_in_the_dashboard"](books, "x")
    books.reconcile()
    repaired(books)
    books.clock.advance(hours=2)
    books.reconcile()

    again = repaired(books)

    assert (again.proposed, again.done, again.without_effect) == (0, 0, 1)
    assert [row["state"] for row in fetch(db, control.repairs)] == ["failed"]


def test_a_dry_run_does_nothing_and_says_what_it_would(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["refund_made_in_the_dashboard"](books, "x")
    books.reconcile()

    done = repaired(books, dry_run=True)

    assert done.would == {"book_refund": 1}
    assert (facts(db), fetch(db, control.repairs)) == ([], [])


def test_a_repair_above_the_limit_of_its_own_waits_for_approval(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.policy = ReconciliationPolicy(auto_repair_minor_max=499)
    FAULTS["refund_made_in_the_dashboard"](books, "x")
    books.reconcile()
    waiting = repaired(books).waiting
    RepairDesk(db).approve(1, "ann", books.clock.now())

    done = repaired(books)

    assert (waiting, done.done) == (1, 1)


def test_no_repair_is_done_above_the_highest_limit(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.policy = ReconciliationPolicy(auto_repair_minor_max=10_000, approved_repair_minor_max=499)
    FAULTS["refund_made_in_the_dashboard"](books, "x")
    books.reconcile()

    done = repaired(books)

    assert (done.failed, facts(db)) == (1, [])
    assert "approved_repair_minor_max" in fetch(db, control.repairs)[0]["outcome"]


def test_nobody_approves_what_they_asked_for(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["charge_made_twice"](books, "x")
    books.reconcile()
    repaired(books)
    desk = RepairDesk(db)

    with pytest.raises(Broken, match="reconciliation asked for repair 1: somebody else"):
        desk.approve(1, "reconciliation", books.clock.now())
    with pytest.raises(Broken, match="no repair 99"):
        desk.approve(99, "ann", books.clock.now())


def test_a_refused_repair_is_not_proposed_again(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.policy = ReconciliationPolicy(auto_repair_minor_max=0)
    FAULTS["refund_made_in_the_dashboard"](books, "x")
    books.reconcile()
    repaired(books)
    desk = RepairDesk(db)
    desk.refuse(1, "ann", "made on purpose", books.clock.now())
    books.clock.advance(hours=1)
    books.reconcile()

    again = repaired(books)

    assert again.proposed == 0
    with pytest.raises(Broken, match="repair 1 is refused"):
        desk.refuse(1, "ann", "again", books.clock.now())


def test_a_repair_is_tried_again_when_stripe_could_not_be_asked(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["refund_made_in_the_dashboard"](books, "x")
    books.reconcile()

    away, back = repaired(books, away=True), repaired(books)

    assert (away.postponed, back.done) == (1, 1)


def test_an_object_that_stripe_has_lost_fails_the_repair_with_the_reason(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["refund_made_in_the_dashboard"](books, "x")
    books.reconcile()
    books.take("refund", "re_x")

    done = repaired(books)

    assert done.failed == 1
    assert fetch(db, control.repairs)[0]["outcome"] == "Stripe has no refund re_x"


def test_an_orphan_is_adopted_by_the_invoice_that_a_person_names(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["payment_of_nobody"](books, "x")
    books.reconcile()
    waiting = repaired(books)
    RepairDesk(db).approve(1, "ann", books.clock.now(), invoice=InvoiceId("inv-open"))

    done = repaired(books)

    (fact,) = fetch(db, stripe.inbox)
    assert (waiting.waiting, done.done) == (1, 1)
    assert fact["payload"]["metadata"]["invoice_id"] == "inv-open"


def test_an_orphan_without_a_named_invoice_is_not_adopted(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["payment_of_nobody"](books, "x")
    books.reconcile()
    repaired(books)
    RepairDesk(db).approve(1, "ann", books.clock.now())

    done = repaired(books)

    assert (done.failed, facts(db)) == (1, [])


def test_what_a_flow_must_do_is_done_by_its_hand(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["call_that_nobody_answered"](books, "x")
    FAULTS["mirror_that_is_not_held"](books, "y")
    books.reconcile()
    asked: list[str] = []

    def hand(stored: StoredRepair) -> str:
        asked.append(stored.repair.object_id)
        return "done"

    done = repaired(books, hands={RepairKind.SETTLE_ATTEMPT: hand, RepairKind.HOLD_MIRROR: hand})

    assert done.done == 2
    assert sorted(asked) == ["pi:inv-x:1:1", "sub_y"]


def test_money_is_given_back_only_with_approval() -> None:
    assert {RepairKind.REFUND_DUPLICATE, RepairKind.ADOPT_ORPHAN} & SAFE == set()


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_an_answer(kind: Kind) -> None:
    finding = Finding(kind, "pi_1", Currency("usd"), 100, intent=PaymentIntentId("pi_1"))

    answer = repair_kind(finding)

    assert (propose(finding) is None) == (answer is None)


def test_what_is_already_in_the_books_wrongly_is_left_to_a_person() -> None:
    intent = PaymentIntentId("pi_1")

    findings = [
        Finding(Kind.MISSING_IN_LEDGER, "pi_1", intent=intent, ours="paid, not in the journal"),
        Finding(Kind.STATUS, "pi_1", intent=intent, ours="succeeded 4900 usd"),
        Finding(Kind.FEE_UNBOOKED, "txn_1", ours="booked 3 usd"),
        Finding(Kind.REFUND_MISMATCH, "re_1", ours="succeeded 1 usd", theirs=""),
        Finding(Kind.PAYOUT_MISMATCH, "po_1", ours="booked 4 usd"),
    ]

    assert [propose(one) for one in findings] == [None] * 5


def test_a_second_payment_that_the_books_do_not_know_is_told_before_it_is_given_back() -> None:
    unknown = Finding(
        Kind.DUPLICATE_CHARGE, "inv", intent=PaymentIntentId("pi_2"), ours="1 payments", theirs="2 payments"
    )
    known = Finding(
        Kind.DUPLICATE_CHARGE, "inv", intent=PaymentIntentId("pi_2"), ours="2 payments", theirs="2 payments"
    )

    assert [repair_kind(unknown), repair_kind(known)] == [RepairKind.REAPPLY_FACT, RepairKind.REFUND_DUPLICATE]
