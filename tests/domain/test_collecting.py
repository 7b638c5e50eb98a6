"""What to do about one open invoice, decided without a database or a network."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_pipeline.domain.attempts import (
    Attempt,
    Operation,
    Outcome,
    Step,
    UnknownReason,
    absence_is_proven,
    collection_subject,
    intent_outcome,
    key_of,
    next_check_at,
    next_step,
    subject_parts,
)  # fmt: skip
from billing_pipeline.domain.collecting import (
    CancelFirst,
    Candidate,
    Collection,
    Method,
    NothingToCharge,
    Try,
    Wait,
    plan,
    plan_all,
)  # fmt: skip
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.ids import AccountId, AttemptId, CustomerId, InvoiceId, PaymentIntentId, PaymentMethodId
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.requests import post
from tests.fakes import START

USD = Currency("usd")
CARD = Method(PaymentMethodId("pm_1"), "card", "fp_1", "visa")
OTHER = Method(PaymentMethodId("pm_2"), "card", "fp_2", "visa")
FRESH = Candidate(InvoiceId("inv-1"), AccountId("acme"), CustomerId("cus_1"), "A-1", Money(4900, USD), CARD)
SOFT, HARD = Codes(decline="insufficient_funds"), Codes(decline="stolen_card")


def tried(**values: Any) -> Candidate:
    """The same invoice after a decline a week ago, another try asked for."""
    row = Collection(1, True, PaymentIntentId("pi_1"), Money(4900, USD), 1, "fp_1", SOFT, START - timedelta(days=7))
    return replace(FRESH, collection=replace(row, **values))


def test_a_new_invoice_is_charged_under_its_first_key() -> None:
    made = plan(FRESH, START, "test")

    assert isinstance(made, Try)
    assert (made.seq, made.opens, made.attempt.operation) == (1, True, Operation.CHARGE)
    assert made.attempt.key == "pi:inv-1:1:1"


def test_an_intent_is_tried_again_under_the_next_key() -> None:
    made = plan(tried(), START, "test")

    assert isinstance(made, Try)
    assert (made.attempt.operation, made.attempt.key, made.opens) == (Operation.CONFIRM, "pi:inv-1:1:2", False)


def test_a_collection_without_its_intent_is_charged_again() -> None:
    made = plan(tried(payment_intent_id=None), START, "test")

    assert isinstance(made, Try)
    assert (made.attempt.operation, made.attempt.key) == (Operation.CHARGE, "pi:inv-1:1:2")


def test_a_closed_collection_is_followed_by_a_new_one() -> None:
    made = plan(tried(is_open=False, close_reason="credited"), START, "test")

    assert isinstance(made, Try)
    assert (made.seq, made.opens, made.attempt.key) == (2, True, "pi:inv-1:2:1")


@pytest.mark.parametrize("reason", ["returned", "canceled"])
def test_after_a_return_or_a_cancel_somebody_must_ask(reason: str) -> None:
    closed = tried(is_open=False, close_reason=reason, wished=False)

    waiting, asked = plan(closed, START, "test"), plan(tried(is_open=False, close_reason=reason), START, "test")

    assert isinstance(waiting, Wait)
    assert (waiting.until, waiting.failed, waiting.opens) == (None, True, True)
    assert isinstance(asked, Try)


def test_another_amount_cancels_first() -> None:
    made = plan(tried(amount=Money(100, USD)), START, "test")

    assert isinstance(made, CancelFirst)
    assert made.attempt.request.path == "/v1/payment_intents/pi_1/cancel"


def test_without_a_method_there_is_nothing_to_charge() -> None:
    made = plan(replace(FRESH, method=None), START, "test")

    assert isinstance(made, NothingToCharge)
    assert (made.codes.code, made.attempt.request.path) == ("no_payment_method", "")


def test_the_same_card_waits_its_day_and_another_one_does_not() -> None:
    just_now = tried(last_failed_at=START - timedelta(hours=1))

    same, other = plan(just_now, START, "test"), plan(replace(just_now, method=OTHER), START, "test")

    assert isinstance(same, Wait)
    assert same.until == START + timedelta(hours=22)
    assert isinstance(other, Try)


def test_a_hard_decline_waits_for_ever_on_its_card_only() -> None:
    hard = tried(last_codes=HARD)

    same, other = plan(hard, START, "test"), plan(replace(hard, method=OTHER), START, "test")

    assert isinstance(same, Wait)
    assert same.until is None
    assert isinstance(other, Try)


@given(st.integers(min_value=1, max_value=40), st.integers(min_value=0, max_value=20))
def test_no_chunk_plans_more_tries_of_a_card_than_it_has_left(invoices: int, declines: int) -> None:
    declined = (START - timedelta(days=2),) * declines
    candidates = [replace(FRESH, invoice_id=InvoiceId(f"inv-{n}"), declined_at=declined) for n in range(invoices)]

    plans = plan_all(candidates, START, "test")

    tries = sum(isinstance(one, Try) for one in plans)
    assert tries == min(invoices, max(0, 15 - declines))
    assert len(plans) == invoices


@given(
    st.from_regex(r"[a-z0-9#-]{1,20}", fullmatch=True),
    st.integers(min_value=1, max_value=99),
    st.integers(min_value=1, max_value=99),
)
def test_a_subject_names_its_invoice_and_each_attempt_has_a_key_of_its_own(name: str, seq: int, number: int) -> None:
    subject = collection_subject(InvoiceId(name), seq)

    assert subject_parts(subject) == (name, seq)
    assert key_of(Operation.CHARGE, subject, number) == key_of(Operation.CONFIRM, subject, number)
    assert key_of(Operation.CHARGE, subject, number) != key_of(Operation.CHARGE, subject, number + 1)
    assert key_of(Operation.CANCEL, subject, number) != key_of(Operation.CHARGE, subject, number)


def unknown(reason: UnknownReason | None, checks: int = 0) -> Attempt:
    request = post("/v1/payment_intents", {})
    key = key_of(Operation.CHARGE, "inv-1#1", 1)
    return Attempt(AttemptId(1), Operation.CHARGE, "inv-1#1", key, request, START, reason, checks)


@given(st.integers(min_value=0, max_value=30 * 24 * 3600), st.sampled_from([None, *UnknownReason]), st.booleans())
def test_nothing_is_resent_after_twenty_hours_or_a_server_error_or_when_it_is_not_owed(
    seconds: int, reason: UnknownReason | None, owed: bool
) -> None:
    step = next_step(replace(unknown(reason), owed=owed), START + timedelta(seconds=seconds))

    may_resend = owed and seconds < 20 * 3600 and reason is not UnknownReason.SERVER_ERROR
    assert step is (Step.RESEND if may_resend else Step.LOOK_UP)


def test_a_server_error_is_looked_up_after_one_minute_and_after_ten() -> None:
    attempt = unknown(UnknownReason.SERVER_ERROR)

    first = next_check_at(attempt, Step.LOOK_UP, START)
    second = next_check_at(attempt, Step.LOOK_UP, first)

    assert (first, second) == (START + timedelta(minutes=1), START + timedelta(minutes=10))
    assert not absence_is_proven(attempt, first)
    assert absence_is_proven(attempt, second)


@given(st.integers(min_value=0, max_value=10_000))
def test_a_resend_waits_at_most_five_minutes_so_that_an_outage_is_settled_soon_after_it_ends(checks: int) -> None:
    again = next_check_at(unknown(UnknownReason.NO_REPLY, checks), Step.RESEND, START)

    assert timedelta(minutes=1) <= again - START <= timedelta(minutes=5)


@pytest.mark.parametrize(
    ("status", "code", "outcome"),
    [
        ("succeeded", "", Outcome.SUCCEEDED),
        ("canceled", "", Outcome.CANCELED),
        ("requires_action", "", Outcome.REQUIRES_ACTION),
        ("requires_payment_method", "insufficient_funds", Outcome.DECLINED),
        ("requires_payment_method", "authentication_required", Outcome.REQUIRES_ACTION),
        ("processing", "", Outcome.PROCESSING),
        ("requires_capture", "", Outcome.PROCESSING),
        ("a_status_of_next_year", "", Outcome.PROCESSING),
    ],
)
def test_a_status_says_how_the_attempt_ended_and_an_unknown_one_never_says_failed(
    status: str, code: str, outcome: Outcome
) -> None:
    assert intent_outcome(status, code) is outcome
