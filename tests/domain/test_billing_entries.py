"""The entries of billing: each balances, and stands where finance expects it."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.billing_entries import (
    Portions,
    When,
    carry_over_written_off,
    credit_expired,
    credit_granted,
    credit_note_issued,
    credit_returned,
    invoice_issued,
    invoice_voided,
    opening_balance,
    recovered,
    revenue_recognised,
    written_off,
)
from billing_pipeline.domain.credits import CreditKind, CreditUse
from billing_pipeline.domain.ids import CreditGrantId, CreditNoteId, InvoiceId
from billing_pipeline.domain.invoice_drafts import Draft, Line, LineKind, Settlement
from billing_pipeline.domain.ledger import Entry
from tests.domain.billing_examples import ACME, JAN, JANUARY, USD, grant

INV = InvoiceId("inv")
DAY = date(2026, 1, 1)
NOW = When(JAN, DAY)


def sides(entry: Entry | None) -> dict[str, int]:
    return {p.account.name.lower(): p.minor for p in entry.postings} if entry else {}


def draft(settlement: Settlement, *lines: Line) -> Draft:
    return Draft(INV, ACME, None, "manual", USD, None, lines, settlement, "automatic", JAN, DAY, DAY)


def line(minor: int, tax: int = 0, kind: LineKind = LineKind.ITEM) -> Line:
    return Line(kind, "Basic", minor, JANUARY, tax_minor=tax)


def test_an_issued_invoice_is_owed_deferred_and_taxed() -> None:
    entry = invoice_issued(draft(Settlement(120), line(100, 20)), DAY)

    assert entry is not None
    assert (entry.source, entry.kind, entry.invoice, entry.customer) == ("invoice:inv", "invoice_issued", INV, ACME)
    assert sides(entry) == {"receivable": 120, "deferred_revenue": -100, "tax_payable": -20}


def test_every_line_is_deferred_on_its_own() -> None:
    entry = invoice_issued(draft(Settlement(30), line(10), line(20)), DAY)

    assert entry is not None
    assert [p.minor for p in entry.postings] == [30, -10, -20]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (CreditKind.PROMOTIONAL, {"credits_granted": 40}), (CreditKind.GOODWILL, {"credits_granted": 40}),
        (CreditKind.PURCHASED, {"customer_credits": 40}), (CreditKind.PRORATION, {"customer_credits": 40}),
    ],
)  # fmt: skip
def test_given_credits_lower_revenue_and_bought_ones_end_a_debt(kind: CreditKind, expected: dict[str, int]) -> None:
    uses = (CreditUse(CreditGrantId("g"), INV, kind, 40),)

    entry = invoice_issued(draft(Settlement(100, credits=uses), line(100)), DAY)

    assert sides(entry) == {"receivable": -40, "deferred_revenue": -100} | expected
    assert entry is not None
    assert sum(p.minor for p in entry.postings if p.account.name == "RECEIVABLE") == 60


def test_a_previous_balance_is_owed_again_and_a_small_rest_is_carried() -> None:
    entry = invoice_issued(draft(Settlement(10, 20, carried_minor=30), line(10)), DAY)

    assert entry is not None
    assert [(p.account.name, p.minor) for p in entry.postings] == [
        ("RECEIVABLE", 10), ("DEFERRED_REVENUE", -10), ("RECEIVABLE", 20), ("CARRY_OVER", -20), ("CARRY_OVER", 30),
        ("RECEIVABLE", -30),
    ]  # fmt: skip


def test_a_negative_total_gives_deferred_revenue_and_tax_back_as_credit() -> None:
    made = draft(Settlement(0, granted_minor=120), line(-100, -20), line(120, kind=LineKind.TO_CREDIT))

    assert sides(invoice_issued(made, DAY)) == {"deferred_revenue": 100, "tax_payable": 20, "customer_credits": -120}


def test_an_invoice_of_nothing_books_nothing() -> None:
    assert invoice_issued(draft(Settlement(0)), DAY) is None


@pytest.mark.parametrize("kind", [CreditKind.PROMOTIONAL, CreditKind.GOODWILL])
def test_given_credits_are_booked_only_when_they_are_used(kind: CreditKind) -> None:
    assert credit_granted(grant(kind=kind), NOW) is None
    assert credit_expired(grant(kind=kind), NOW) is None


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        (CreditKind.PURCHASED, "bank"), (CreditKind.REFUND, "refunds"), (CreditKind.OVERPAYMENT, "unapplied_cash"),
        (CreditKind.PRORATION, "deferred_revenue"), (CreditKind.OPENING, "opening_balance"),
    ],
)  # fmt: skip
def test_a_paid_credit_becomes_our_debt(kind: CreditKind, source: str) -> None:
    assert sides(credit_granted(grant("g", 100, kind=kind), NOW)) == {source: 100, "customer_credits": -100}


def test_what_is_left_of_a_paid_credit_at_its_end_is_revenue() -> None:
    assert sides(credit_expired(grant("g", 100, remaining_minor=30), NOW)) == {"customer_credits": 30, "revenue": -30}
    assert credit_expired(grant("g", 100, remaining_minor=0), NOW) is None


@pytest.mark.parametrize(
    ("kind", "account"), [(CreditKind.GOODWILL, "credits_granted"), (CreditKind.REFUND, "customer_credits")]
)
def test_a_returned_credit_goes_back_where_it_came_from(kind: CreditKind, account: str) -> None:
    entry = credit_returned(CreditUse(CreditGrantId("g"), INV, kind, 40), ACME, USD, NOW)

    assert sides(entry) == {"receivable": 40, account: -40}


@pytest.mark.parametrize(
    ("kind", "account"), [(CreditKind.GOODWILL, "credits_granted"), (CreditKind.PURCHASED, "revenue")]
)
def test_a_credit_whose_grant_has_expired_is_gone_when_it_returns(kind: CreditKind, account: str) -> None:
    entry = credit_returned(CreditUse(CreditGrantId("g"), INV, kind, 40), ACME, USD, NOW, lapsed=True)

    assert sides(entry) == {"receivable": 40, account: -40}


PARTS = Portions(unearned_minor=60, earned_minor=40, tax_minor=20)


def test_a_credit_note_takes_back_what_was_earned_what_was_not_and_tax() -> None:
    entry = credit_note_issued(CreditNoteId("cn"), INV, ACME, USD, PARTS, NOW, to_credit_minor=50)

    assert sides(entry) == {
        "deferred_revenue": 60, "revenue": 40, "tax_payable": 20, "receivable": -70, "customer_credits": -50,
    }  # fmt: skip


def test_a_write_off_and_its_recovery_leave_the_receivable_as_it_was() -> None:
    gone, back = written_off(INV, ACME, USD, PARTS, NOW), recovered(INV, ACME, USD, PARTS, NOW)

    assert sides(gone) == {"deferred_revenue": 60, "bad_debt": 40, "tax_payable": 20, "receivable": -120}
    assert sides(back) == {"receivable": 120, "bad_debt_recovery": -100, "tax_payable": -20}


def test_a_void_takes_back_what_is_left_of_an_invoice() -> None:
    entry = invoice_voided(INV, ACME, USD, PARTS, NOW, kept_minor=30)

    assert sides(entry) == {
        "deferred_revenue": 60, "revenue": 40, "tax_payable": 20, "receivable": -90, "unapplied_cash": -30,
    }  # fmt: skip


def test_a_loss_that_is_voided_was_never_revenue() -> None:
    entry = invoice_voided(INV, ACME, USD, Portions(0, 0), NOW, lost_minor=40)

    assert sides(entry) == {"revenue": 40, "bad_debt": -40}


def test_a_carry_over_that_no_invoice_came_for_is_bad_debt() -> None:
    assert sides(carry_over_written_off(ACME, USD, 30, NOW)) == {"bad_debt": 30, "carry_over": -30}


def test_an_invoice_from_before_these_books_opens_them() -> None:
    assert sides(opening_balance(INV, ACME, USD, 100, NOW)) == {"receivable": 100, "opening_balance": -100}


@given(st.integers(-1000, 1000))
@settings(max_examples=25)
def test_a_day_of_revenue_moves_it_from_deferred_to_earned(minor: int) -> None:
    expected: dict[str, Any] = {"deferred_revenue": minor, "revenue": -minor} if minor else {}

    assert sides(revenue_recognised(DAY, USD, minor, NOW)) == expected
