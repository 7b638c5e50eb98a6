"""The time machine walks an invoice as dunning would, and adds up what it saw."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.dunning_cases import Card
from billing_pipeline.domain.dunning_history import ENOUGH, History, Observed, Told, kind_of
from billing_pipeline.domain.dunning_policy import Action
from billing_pipeline.domain.dunning_replay import CERTAIN, Case, Notified, Tries, walk, walk_all
from billing_pipeline.domain.dunning_sums import percent, sums
from billing_pipeline.domain.ids import InvoiceId, PaymentMethodId
from tests.domain.dunning_cases import CARD, FAILED_AT, POLICY, day, declined, late

CASE = Case(late(), FAILED_AT)


@dataclass
class World:
    """Answers as told. chances: of the 1st, 2nd, ... retry, in percent; the rest 0."""

    chances: tuple[int, ...] = ()
    pays: datetime | None = None
    card: Card | None = None
    notified: list[Sequence[Notified]] = field(default_factory=list)

    def retry_chance(self, case: Case, card: Card, at: datetime, nth: int) -> int:
        return self.chances[nth - 1] * CERTAIN // 100 if nth <= len(self.chances) else 0

    def pays_at(self, case: Case, notified: Sequence[Notified]) -> datetime | None:
        self.notified.append(notified)
        return self.pays

    def new_card(self, case: Case, at: datetime) -> Card | None:
        return self.card if self.card and self.card.attached_at <= at else None


def test_an_invoice_that_nobody_pays_climbs_to_the_end():
    found = walk(CASE, POLICY, World())

    assert [notice.template for notice, _ in found.notices] == [
        "payment_failed",
        "final_notice",
        "suspended",
        "canceled",
    ]
    assert (len(found.retries), set(found.ends)) == (2, {Action.SUSPEND, Action.CANCEL, Action.WRITE_OFF})
    assert (found.recovered_ppm, found.ends[Action.WRITE_OFF][0].date()) == (0, day(60).date())


def test_a_retry_that_succeeds_ends_the_walk():
    found = walk(CASE, POLICY, World(chances=(100,)))

    assert (found.recovered_ppm, found.by_retry_ppm, len(found.retries), found.notices) == (CERTAIN, CERTAIN, 1, ())


def test_chances_make_every_later_step_less_likely():
    found = walk(CASE, POLICY, World(chances=(50, 50)))

    assert [weight for _, weight in found.retries] == [CERTAIN, CERTAIN // 2]
    assert found.recovered_ppm == CERTAIN * 3 // 4
    assert {weight for _, weight in found.notices[1:]} == {CERTAIN // 4}


def test_a_customer_who_pays_alone_is_left_alone_afterwards():
    found = walk(CASE, POLICY, World(pays=day(5)))

    assert (found.by_retry_ppm, found.recovered_ppm, found.paid) == (0, CERTAIN, ((day(5), CERTAIN),))
    assert [notice.template for notice, _ in found.notices] == ["payment_failed"]


def test_a_new_card_is_tried_on_the_morning_after_it_came():
    other = replace(
        CARD, payment_method_id=PaymentMethodId("pm_2"), fingerprint="fp_2", attached_at=day(6), attempts=()
    )
    lost = Case(declined("lost_card"), FAILED_AT)

    found = walk(lost, POLICY, World(chances=(100,), card=other))

    assert [at.date() for at, _ in found.retries] == [day(7).date()]


@given(chances=st.lists(st.integers(0, 100), max_size=4), pays_on=st.one_of(st.none(), st.integers(0, 80)))
@settings(max_examples=50, deadline=None)
def test_what_is_recovered_and_what_is_written_off_is_the_whole(chances: list[int], pays_on: int | None):
    pays = None if pays_on is None else day(pays_on)

    found = walk(CASE, POLICY, World(tuple(chances), pays))

    lost = found.ends[Action.WRITE_OFF][1] if Action.WRITE_OFF in found.ends else 0
    assert found.recovered_ppm + lost == CERTAIN
    assert sum(ppm for _, ppm in found.paid) == found.recovered_ppm


def test_sums_name_their_denominator_and_keep_currencies_apart():
    other = Case(late(owed=replace(late().owed, minor=1000, currency="eur")), FAILED_AT)

    found = sums("p", [walk(CASE, POLICY, World((100,))), walk(other, POLICY, World((50,)))], Tries())

    assert (found.invoices, found.owed_minor) == (2, {"usd": 4900, "eur": 1000})
    assert (found.recovered_minor, found.recovery_percent) == (
        {"usd": 4900, "eur": 500},
        {"usd": "100.0 %", "eur": "50.0 %"},
    )
    assert found.recovered_invoices == 2


@pytest.mark.parametrize(
    ("part", "whole", "shown"), [(1, 3, "33.3 %"), (2, 3, "66.7 %"), (0, 0, "0.0 %"), (5, 5, "100.0 %")]
)
def test_rates_are_rounded_to_a_tenth(part: int, whole: int, shown: str):
    assert percent(part, whole) == shown


def observed(kind: str, count: int, successes: int) -> list[Observed]:
    return [Observed(kind, False, 1, number < successes) for number in range(count)]


def test_history_speaks_where_it_is_long_enough_and_says_what_it_stands_on():
    told = [Told(CASE, None, False)]
    rich, poor = (History(told, observed("other soft", count, count // 2)) for count in (ENOUGH, ENOUGH - 1))

    chances = [one.retry_chance(CASE, CARD, day(1), 1) for one in (rich, poor)]

    assert chances == [CERTAIN // 2, 20 * CERTAIN // 100]
    assert "10 of 20 retries in this history" in rich.basis()[1]
    assert "only 19 retries in this history; assumed 20 %" in poor.basis()[1]


def test_history_lets_customers_pay_when_they_paid_but_not_what_our_retry_brought():
    alone, retried = (History([Told(CASE, day(3), by_retry)], []) for by_retry in (False, True))

    assert (alone.pays_at(CASE, []), retried.pays_at(CASE, [])) == (day(3), None)


@pytest.mark.parametrize(
    ("word", "fingerprint", "kind"),
    [
        ("insufficient_funds", "fp_1", "no funds"),
        ("do_not_honor", "fp_1", "other soft"),
        ("lost_card", "fp_1", "hard"),
        ("lost_card", "fp_2", "new card"),
    ],
)
def test_retries_are_counted_by_their_kind(word: str, fingerprint: str, kind: str):
    assert kind_of(Case(declined(word), FAILED_AT), fingerprint) == kind


def test_invoices_of_one_card_share_its_tries_and_wait_for_each_other():
    cases = [replace(CASE, late=late(invoice=InvoiceId(f"inv-{n}"))) for n in range(8)]
    tries = Tries({"fp_1": [FAILED_AT] * 8})

    found = sums("p", walk_all(cases, POLICY, World(), tries), tries)

    assert found.tries_of_one_card_30_days_max == POLICY.caps.attempts_per_card_30_days_max == 15
    assert (found.retries, found.held_by_budget) == (16, 8)


def test_each_invoice_walks_alone_where_every_one_has_its_own_card():
    names = [f"fp-{n}" for n in range(8)]
    lates = [late(invoice=InvoiceId(n), card=replace(CARD, fingerprint=n), tried_fingerprint=n) for n in names]
    tries = Tries()

    found = sums("p", walk_all([Case(one, FAILED_AT) for one in lates], POLICY, World(), tries), tries)

    assert (found.retries, found.tries_of_one_card_30_days_max, found.held_by_budget) == (16, 3, 0)


def test_a_retry_that_is_rather_unlikely_uses_up_nothing():
    tries = Tries()

    walk_all([CASE], POLICY, World((80, 0)), tries)

    assert len(tries.by_card["fp_1"]) == 2
