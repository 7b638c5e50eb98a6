"""What is done about an overdue invoice, or why nothing is."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.dunning import planned_steps
from billing_pipeline.domain.dunning_cases import Card, Held, Hold, LateInvoice, PlannedStep, Why
from billing_pipeline.domain.dunning_policy import Action, Caps, Step
from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.ids import PaymentMethodId
from tests.domain.dunning_cases import CARD, FAILED_AT, POLICY, STEPS, day, declined, late, taken, with_ladder


def acts(rows: tuple[PlannedStep, ...]) -> list[str]:
    return [row.step for row in rows if not row.held]


def reasons(rows: tuple[PlannedStep, ...]) -> list[Held]:
    return [row.held for row in rows if row.held]


def test_the_first_retry_is_taken_on_the_morning_after_the_due_date():
    before, after = (planned_steps(late(), POLICY, day(1, hour)) for hour in (8, 9))

    assert (acts(before), acts(after)) == ([], ["retry-1"])
    assert before[0].at == day(1, 9)


@pytest.mark.parametrize(
    ("invoice", "why"),
    [
        (late(unapproved_backlog=True), Held.BACKLOG_NOT_APPROVED),
        (late(disputed=True), Held.DISPUTED),
        (late(intent_status="processing"), Held.PAYMENT_UNDER_WAY),
        (late(intent_status="succeeded"), Held.PAYMENT_UNDER_WAY),
        (late(open_attempt=True), Held.OPEN_ATTEMPT),
        (late(has_failed=False), Held.NO_DEFINITE_FAILURE),
        (late(holds=(Hold(1, "pause", "ann", "key account"),)), Held.HELD_BY_HAND),
        (late(holds=(Hold(1, "promise", "ann", "by wire", date(2026, 5, 1)),)), Held.PROMISED),
    ],
)
def test_an_invoice_that_may_not_be_dunned_gets_no_step_at_all(invoice: LateInvoice, why: Held):
    rows = planned_steps(invoice, POLICY, day(20))

    assert [(row.held, bool(row.detail)) for row in rows] == [(why, True)]


def test_a_closed_gate_holds_everything_and_says_why():
    rows = planned_steps(late(), POLICY, day(20), Why(Held.GATE_CLOSED, "the sweep is 3 hours old"))

    assert [(row.step, row.held, row.detail) for row in rows] == [
        ("reminder", Held.GATE_CLOSED, "the sweep is 3 hours old")
    ]


def test_a_promise_ends_after_its_day():
    promised = late(holds=(Hold(1, "promise", "ann", "by wire", day(5).date()),))

    during, afterwards = (planned_steps(promised, POLICY, day(late_days)) for late_days in (5, 6))

    assert (reasons(during), acts(afterwards)) == ([Held.PROMISED], ["retry-1", "reminder"])


def test_a_message_waits_for_a_retry_that_may_make_it_needless():
    rows = planned_steps(late(), POLICY, day(2))

    assert (acts(rows), reasons(rows)) == (["retry-1"], [Held.RETRY_FIRST])


def test_a_message_does_not_wait_for_a_retry_for_ever():
    asked = late(retry_at=day(1), taken=taken(retry_1=1))

    soon, later = (planned_steps(asked, POLICY, day(late_days)) for late_days in (3, 4))

    assert (reasons(soon), acts(later)) == ([Held.RETRY_PENDING, Held.RETRY_FIRST], ["reminder"])


def test_steps_keep_their_distance_when_an_earlier_one_was_late():
    held_until_day_20 = late(taken=taken(retry_1=20, retry_2=21, reminder=20))

    rows = planned_steps(held_until_day_20, POLICY, day(21))

    assert [(row.step, row.due_on) for row in rows] == [("final", day(27).date())]


def test_no_step_is_taken_in_the_quiet_hours_of_the_customer():
    tokyo = late(zone="Asia/Tokyo", taken=taken(retry_1=1, retry_2=4))

    night, morning = (planned_steps(tokyo, POLICY, day(6, hour)) for hour in (13, 23))

    assert (reasons(night), acts(morning)) == ([Held.QUIET_HOURS], ["reminder"])
    assert night[0].at == day(6, 23)


@pytest.mark.parametrize("word", ["lost_card", "expired_card", "authentication_required", "fraudulent"])
def test_a_card_that_cannot_pass_is_not_tried_again_but_the_customer_is_told(word: str):
    rows = planned_steps(declined(word), POLICY, day(2))

    assert (acts(rows), reasons(rows)) == (["reminder"], [Held.NEW_CARD_NEEDED])


def test_another_card_is_tried_at_once_and_only_once():
    other = Card(PaymentMethodId("pm_2"), "visa", "fp_2", day(2))
    invoice = declined("lost_card", card=other)

    first = planned_steps(invoice, POLICY, day(2))
    key = first[0].step
    again = planned_steps(replace(invoice, taken={key: taken(retry_1=2)["retry-1"]}), POLICY, day(3))

    assert (acts(first), "new-card-pm_2" in acts(again)) == (["new-card-pm_2"], False)


def test_the_same_card_entered_anew_is_tried_after_a_wrong_cvc_but_not_after_a_loss():
    anew = Card(PaymentMethodId("pm_2"), "visa", "fp_1", day(2))

    cvc, lost = (planned_steps(declined(word, card=anew), POLICY, day(2)) for word in ("incorrect_cvc", "lost_card"))

    assert (acts(cvc), "new-card-pm_2" in acts(lost)) == (["new-card-pm_2"], False)


def test_an_empty_account_is_tried_on_payday():
    late_in_the_month = declined("insufficient_funds", late_since=date(2026, 3, 27), last_failed_at=day(24))

    rows = planned_steps(late_in_the_month, POLICY, day(26))

    assert rows[0].due_on == date(2026, 4, 1)


def test_a_mastercard_delay_moves_the_retry():
    codes = Codes(decline="generic_decline", network_advice="27")

    rows = planned_steps(late(codes=codes), POLICY, day(1))

    assert (rows[0].held, rows[0].at) == (Held.NOT_DUE_YET, (FAILED_AT + timedelta(days=4)).replace(hour=8))


def test_a_card_that_used_up_its_tries_is_left_alone():
    worn = replace(CARD, attempts=tuple(day(-n) for n in range(POLICY.caps.attempts_per_card_30_days_max)))

    rows = planned_steps(late(card=worn), POLICY, day(2))

    assert (acts(rows), reasons(rows)) == (["reminder"], [Held.BUDGET_SPENT])


def test_a_company_may_be_stricter_than_the_networks():
    policy = replace(POLICY, caps=Caps(attempts_per_card_30_days_max=2))
    tried_twice = replace(CARD, attempts=(FAILED_AT, day(1)))

    rows = planned_steps(late(card=tried_twice), policy, day(2))

    assert reasons(rows) == [Held.BUDGET_SPENT]


def test_an_invoice_has_its_own_cap_of_retries():
    policy = replace(POLICY, caps=Caps(retries_per_invoice_max=1))

    rows = planned_steps(late(taken=taken(retry_1=1, reminder=2)), policy, day(5))

    assert (acts(rows), Held.BUDGET_SPENT in reasons(rows)) == ([], True)


def test_nobody_is_mailed_more_often_than_the_cap_but_a_suspension_is_not_hidden():
    spent = late(notices_7_days=2, taken=taken(retry_1=1, retry_2=4))
    at_suspension = replace(spent, taken=taken(retry_1=1, retry_2=4, reminder=2, final=9))

    mail, suspension = planned_steps(spent, POLICY, day(6)), planned_steps(at_suspension, POLICY, day(12))

    assert (reasons(mail), acts(suspension)) == ([Held.NOTICES_SPENT], ["suspend"])


def test_stripe_alone_retries_what_stripe_charges():
    rows = planned_steps(late(charger="stripe"), POLICY, day(2))

    assert (acts(rows), reasons(rows)) == (["reminder"], [Held.STRIPE_RETRIES])


def test_a_card_issued_in_india_is_not_retried_behind_its_owners_back():
    rows = planned_steps(late(card=replace(CARD, country="IN")), POLICY, day(2))

    assert (acts(rows), reasons(rows)) == (["reminder"], [Held.NEW_CARD_NEEDED])


def test_an_invoice_on_account_is_only_written_to():
    rows = planned_steps(late(collection_method="net_terms", card=None), POLICY, day(2))

    assert [row.step for row in rows] == ["reminder"]


def test_a_returned_payment_starts_the_ladder_anew():
    returned = late(turn=2, late_since=day(40).date(), taken=taken(retry_1=1, reminder=2))

    rows = planned_steps(returned, POLICY, day(41))

    assert acts(rows) == ["retry-1@2"]


def test_a_skip_takes_the_next_step_off_and_names_who_wanted_it():
    skip = Hold(7, "skip", "ann", "called already")

    rows = planned_steps(late(holds=(skip,), taken=taken(retry_1=1, retry_2=4)), POLICY, day(5))

    assert [(row.step, row.skipped_by) for row in rows if not row.held] == [("reminder", skip)]


def test_grace_moves_every_step():
    policy = with_ladder(*STEPS, grace_days=5)

    rows = planned_steps(late(), policy, day(2))

    assert [row.due_on for row in rows] == [day(6).date(), day(7).date()]


def test_an_invoice_at_the_end_of_its_ladder_is_listed_too():
    everything = taken(retry_1=1, reminder=2, retry_2=4, final=9, suspend=12, cancel=30, write_off=60)

    rows = planned_steps(late(taken=everything), POLICY, day(61))

    assert reasons(rows) == [Held.LADDER_DONE]


invoices = st.builds(
    late,
    disputed=st.booleans(),
    has_failed=st.booleans(),
    open_attempt=st.booleans(),
    failures=st.integers(0, 5),
    turn=st.integers(1, 2),
    zone=st.sampled_from(["UTC", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati"]),
    intent_status=st.sampled_from(["", "requires_payment_method", "processing", "succeeded", "requires_action"]),
    codes=st.builds(Codes, decline=st.sampled_from(["insufficient_funds", "lost_card", "expired_card", ""])),
    collection_method=st.sampled_from(["automatic", "net_terms", "backlog"]),
    charger=st.sampled_from(["engine", "stripe"]),
    card=st.sampled_from([None, CARD, replace(CARD, fingerprint="fp_2")]),
    notices_7_days=st.integers(0, 3),
    taken=st.sampled_from([{}, taken(retry_1=1), taken(retry_1=1, reminder=2, final=9)]),
)


@given(invoice=invoices, late_days=st.integers(-3, 90), hour=st.integers(0, 23))
@settings(max_examples=100, deadline=None)
def test_every_overdue_invoice_is_listed_with_an_action_or_a_reason(invoice: LateInvoice, late_days: int, hour: int):
    rows = planned_steps(invoice, POLICY, day(late_days, hour))

    assert rows
    assert all((row.held is not None and row.detail) or (row.held is None and row.action) for row in rows)


@given(invoice=invoices, late_days=st.integers(0, 90), hour=st.integers(0, 23))
@settings(max_examples=100, deadline=None)
def test_no_step_is_planned_twice_nor_on_money_under_way(invoice: LateInvoice, late_days: int, hour: int):
    rows = planned_steps(invoice, POLICY, day(late_days, hour))

    due = [row for row in rows if not row.held]
    assert not {row.step for row in due} & set(invoice.taken)
    assert not due or (invoice.intent_status not in ("processing", "succeeded") and invoice.has_failed)
    assert all(row.action is not Action.RETRY or invoice.card for row in due)


def test_a_message_that_a_newer_policy_puts_below_the_rung_reached_is_not_sent_any_more():
    suspended = late(taken=taken(retry_1=1, retry_2=4, reminder=2, final=9, suspend=12))
    newer = with_ladder(*STEPS[:2], Step("second", 3, Action.MAIL, "escalation"), *STEPS[2:])

    rows = planned_steps(suspended, newer, day(20))

    assert [(row.step, row.due_on) for row in rows] == [("cancel", day(30).date())]


def test_a_suspension_that_a_newer_policy_moves_earlier_is_still_taken():
    warned = late(taken=taken(retry_1=1, retry_2=4, reminder=2, final=9))
    newer = with_ladder(*STEPS[:2], Step("suspend", 4, Action.SUSPEND, "suspended"), STEPS[3], *STEPS[5:])

    rows = planned_steps(warned, newer, day(20))

    assert acts(rows) == ["suspend"]


def test_a_message_that_a_newer_policy_removes_keeps_the_days_that_it_announced():
    warned_late = late(taken=taken(retry_1=1, retry_2=4, reminder=2, final=20))
    without_it = with_ladder(*[step for step in STEPS if step.name != "final"])

    rows = planned_steps(warned_late, without_it, day(21))

    assert acts(rows) == []
    assert rows[0].due_on >= day(23).date()


def test_a_skip_whose_last_day_has_passed_skips_nothing():
    asked = Hold(1, "skip", "ann", "called", day(2).date())

    on_its_day, later = (planned_steps(late(taken=taken(retry_1=1), holds=(asked,)), POLICY, day(n)) for n in (2, 3))

    assert [row.skipped_by for row in (*on_its_day, *later) if row.step == "reminder"] == [asked, None]
