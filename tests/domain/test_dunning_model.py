"""The crowd of the comparison: the documented mix, hidden truth that no policy changes, spans as the simulator reads them."""

from datetime import date, timedelta

import pytest

from billing_pipeline.domain.dunning_compared import Outcome, compared
from billing_pipeline.domain.dunning_model import (
    CARD_UPDATER,
    DAY,
    MIX,
    OUTAGE,
    PAYDAYS,
    PERCENT,
    REACTS,
    WATCHED_DAYS,
    Debtor,
    Model,
)
from billing_pipeline.domain.dunning_timing import local_day

CROWD = Model(3).debtors(3000)


def those(*declines: str) -> list[Debtor]:
    return [one for one in CROWD if one.decline in declines]


def test_the_crowd_is_the_same_for_the_same_seed_and_differs_for_another():
    one, same, other = (Model(seed).debtors(30) for seed in (1, 1, 2))

    assert one == same
    assert one != other


def test_the_mix_is_the_documented_one():
    for word, share in MIX:
        assert abs(len(those(word)) * 100 / len(CROWD) - share) < 3
    assert sum(share for _, share in MIX) == sum(share for _, share in PAYDAYS) == 100


def test_a_refused_card_never_pays_on_the_day_it_was_refused_except_after_an_outage():
    outage, others = those("processing_error", "issuer_not_available"), those("insufficient_funds", "do_not_honor")

    assert {one.pays_within[0][0] - one.charged_at for one in outage if one.pays_within} == {OUTAGE}
    for one in others:
        assert all(local_day(start, one.zone) > one.charged_at.date() for start, _ in one.pays_within)


def test_empty_accounts_are_filled_around_paydays_and_for_a_few_days_only():
    spans = [(one, span) for one in those("insufficient_funds") for span in one.pays_within]

    days = [(end - start) // timedelta(hours=23) for _, (start, end) in spans]

    assert min(days) >= 1
    assert sum(days) / len(days) < 3
    first = sum(local_day(start, one.zone).day == 1 for one, (start, _) in spans)
    quiet = sum(local_day(start, one.zone).day == 8 for one, (start, _) in spans)
    assert first > 3 * quiet


def test_hard_declines_never_pass_and_some_of_those_customers_get_a_new_card():
    hard = those("lost_card", "expired_card", "transaction_not_allowed", "incorrect_cvc", "authentication_required")

    replaced = [one for one in those("lost_card", "expired_card") if one.new_card_at]

    assert {one.pays_within for one in hard} == {()}
    assert abs(len(replaced) * 100 / len(those("lost_card", "expired_card")) - CARD_UPDATER // PERCENT) < 7
    assert all(3 <= (one.new_card_at - one.charged_at).days <= 20 for one in replaced if one.new_card_at)
    assert {one.new_card_at for one in CROWD if one.decline not in ("lost_card", "expired_card")} == {None}


def test_some_banks_never_change_their_mind():
    vague = those("do_not_honor", "generic_decline")

    never = sum(not one.pays_within for one in vague) * 100 / len(vague)

    assert 38 < never < 52


@pytest.mark.parametrize("template", REACTS)
def test_customers_react_to_a_message_as_often_as_documented_and_within_three_days(template: str):
    waits = [wait for one in CROWD if (wait := Model(3).reaction(one, template)) is not None]

    assert abs(len(waits) * 100 / len(CROWD) - REACTS[template]) < 2
    assert max(waits) < 3 * DAY


def test_a_message_that_is_not_in_the_list_moves_nobody():
    assert {Model(3).reaction(one, "reinstated") for one in CROWD[:50]} == {None}


def test_every_span_lies_within_the_days_that_are_watched():
    last = max(end - one.charged_at for one in CROWD for _, end in one.pays_within)

    assert last <= timedelta(days=WATCHED_DAYS + 6)
    assert min(one.charged_at.date() for one in CROWD) == date(2026, 1, 1)


def test_a_row_adds_up_its_worlds_and_names_the_worst_and_the_best():
    poor = Outcome(10, 1000, 100, 0, 20, 30, 1, 0, 4)
    rich = Outcome(30, 3000, 2700, 1500, 61, 30, 3, 2, 7)

    row = compared("p", [rich, poor])

    assert (row.invoices, row.owed, row.recovered, row.share) == (40, "40.00 usd", "28.00 usd", "70.0 %")
    assert (row.lowest, row.highest, row.by_retry) == ("10.0 %", "90.0 %", "37.5 %")
    assert (row.retries_per_invoice, row.mails_per_invoice) == ("2.0", "1.5")
    assert (row.suspended, row.canceled, row.tries_of_one_card_30_days_max) == ("10.0 %", "5.0 %", 7)
