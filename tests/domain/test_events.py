"""What facts are about, and what an object says: by Stripe's words, never by guessing."""

import re
from pathlib import Path
from typing import Any

import pytest
import stripe._event as sdk_events

from billing_pipeline.domain.events import (
    FINAL_STATUSES,
    OBJECT_TOPICS,
    OWN_TYPES,
    READ_WHOLE,
    STRIPE_TYPES,
    Topic,
    fact_key,
    id_of,
    is_final,
    is_own,
    read_path,
    topic,
)
from billing_pipeline.domain.stripe_money import parse_charge, parse_intent, parse_refund
from billing_pipeline.domain.stripe_objects import parse_invoice
from tests.flows.event_world import T0, declined, intent, transaction

SEED = (
    "payment_intent.succeeded", "payment_intent.payment_failed", "invoice.paid", "invoice.payment_failed",
    "customer.subscription.deleted",
)  # fmt: skip


def test_every_type_that_moves_something_is_one_that_stripe_sends() -> None:
    assert set(STRIPE_TYPES) <= sdk_types()
    assert set(SEED) <= set(STRIPE_TYPES)


def sdk_types() -> set[str]:
    """The event types that the SDK knows."""
    return set(re.findall(r'"([a-z_0-9]+(?:\.[a-z_0-9]+)+)"', Path(sdk_events.__file__).read_text()))


@pytest.mark.parametrize(
    ("fact_type", "source", "about"),
    [
        ("payment_intent.succeeded", "webhook", Topic.INTENT),
        ("payment_intent.reply", "reply", Topic.INTENT),
        ("payment_intent.swept", "sweep", Topic.INTENT),
        ("refund.swept", "repair", Topic.REFUND),
        ("invoice.voided", "webhook", Topic.STRIPE_INVOICE),
        ("invoice.voided", "hand", Topic.VOIDED),
        ("charge.refunded", "webhook", None),
        ("radar.value_list.renamed", "webhook", None),
        ("unicorn.reply", "reply", None),
    ],
)
def test_a_fact_is_about_one_thing(fact_type: str, source: str, about: Topic | None) -> None:
    assert topic(fact_type, source) is about


def test_every_topic_is_stripes_and_readable_or_our_own() -> None:
    for about in Topic:
        assert (read_path(about, "id_1") is None) == is_own(about) == (about in OWN_TYPES.values())
        assert is_own(about) != (about in OBJECT_TOPICS.values())


def test_only_final_statuses_in_our_version_are_applied_as_they_were_told() -> None:
    finals = [
        is_final(Topic.INTENT, intent(), trusted=True),
        is_final(Topic.INTENT, intent(), trusted=False),
        is_final(Topic.INTENT, declined(), trusted=True),
        is_final(Topic.SUBSCRIPTION, {"status": "canceled"}, trusted=True),
        is_final(Topic.DUE_DATE_PASSED, {}, trusted=False),
    ]

    assert finals == [True, False, False, False, True]
    assert not READ_WHOLE & {about for about in FINAL_STATUSES if about is Topic.INTENT}


def test_two_events_about_one_charge_tell_one_fact_and_two_charges_two() -> None:
    keys = [
        fact_key(one) for one in (intent(), intent(description="x"), declined(charge="ch_a"), declined(charge="ch_b"))
    ]

    assert keys == ["pi_1|succeeded|ch_1", "pi_1|succeeded|ch_1", "pi_1|failed|ch_a", "pi_1|failed|ch_b"]


@pytest.mark.parametrize(("reference", "name"), [("ch_1", "ch_1"), ({"id": "ch_1"}, "ch_1"), (None, ""), ("", "")])
def test_a_reference_is_an_id_whether_it_is_expanded_or_not(reference: Any, name: str) -> None:
    assert id_of(reference) == name


def test_an_intent_says_how_it_was_paid_only_when_that_is_certain() -> None:
    charge = {
        "id": "ch_1",
        "created": T0 + 5,
        "payment_method_details": {"type": "sepa_debit", "sepa_debit": {"fingerprint": "fp"}},
    }

    several = parse_intent(intent(payment_method_types=["card", "us_bank_account"]))
    only_card = parse_intent(intent(payment_method_types=["card"]))
    expanded = parse_intent(intent(payment_method_types=["card", "sepa_debit"], latest_charge=charge))

    assert (several.method, only_card.method, expanded.method, expanded.fingerprint) == (
        "other",
        "card",
        "bank_debit",
        "fp",
    )


def test_an_intents_money_came_when_it_was_booked_else_charged_else_made() -> None:
    charge = {"id": "ch_1", "created": T0 + 5, "balance_transaction": transaction(created=T0 + 9)}
    moments = [
        parse_intent(one).money_at.timestamp() - T0
        for one in (
            intent(latest_charge=charge),
            intent(latest_charge=charge | {"balance_transaction": "txn_1"}),
            intent(),
        )
    ]

    assert moments == [9, 5, 0]


def test_codes_of_a_failure_are_kept_word_for_word() -> None:
    failure = parse_intent(declined(charge="ch_a")).failure

    assert failure is not None
    assert (failure.charge, failure.codes.code, failure.codes.decline) == (
        "ch_a",
        "card_declined",
        "insufficient_funds",
    )


def test_a_charge_is_readable_in_any_version_and_returned_only_after_success() -> None:
    failed = {"id": "ch_1", "status": "failed", "created": T0}

    assert [parse_charge(failed).returned, parse_charge(failed | {"failure_balance_transaction": "txn"}).returned] == [
        False, True,
    ]  # fmt: skip


def test_a_refund_without_a_status_is_pending() -> None:
    refund = parse_refund(
        {"id": "re_1", "amount": 5, "currency": "usd", "created": T0, "charge": "ch_1", "status": None}
    )

    assert (refund.status, refund.moves, refund.intent) == ("pending", (), None)


def test_the_service_period_of_a_stripe_invoice_is_that_of_its_lines() -> None:
    lines = {"data": [{"period": {"start": T0, "end": T0 + 100}}, {"period": {"start": T0 - 50, "end": T0}}]}
    raw = {
        "id": "in_1", "currency": "usd", "subtotal": 1, "total": 1, "amount_due": 1, "amount_paid": 0, "created": T0,
        "period_start": 1, "period_end": 2, "lines": lines,
    }  # fmt: skip

    told = parse_invoice(raw)

    assert (told.period_start.timestamp(), told.period_end.timestamp()) == (T0 - 50, T0 + 100)
