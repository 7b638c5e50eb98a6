"""Lines of an invoice and how its total is settled."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.billing_entries import invoice_issued
from billing_pipeline.domain.boundaries import Billed, Step, step_at, steps_due
from billing_pipeline.domain.change_steps import changed
from billing_pipeline.domain.changes import Change
from billing_pipeline.domain.coupons import Duration
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.domain.invoice_drafts import Draft, LineKind
from billing_pipeline.domain.invoices import InvoiceState
from billing_pipeline.domain.issuing import (
    Issue,
    Purse,
    Terms,
    charges_of,
    finished,
    period_draft,
    period_invoice_id,
    plain_lines,
)
from billing_pipeline.domain.ledger import LedgerAccount
from billing_pipeline.domain.periods import Cycle, Period
from billing_pipeline.domain.proration import Taxes
from billing_pipeline.domain.subscriptions import Subscription
from tests.domain.billing_examples import (
    BILLED_JANUARY,
    FEB,
    ISSUE,
    JAN,
    JANUARY,
    MAR,
    USD,
    discount,
    flat,
    grant,
    item,
    metered,
    seats,
    subscription,
    tax,
)


def first_step(made: Subscription) -> Step:
    return step_at(made, JAN, None, True)


def drafted(made: Subscription, terms: Terms | None = None, purse: Purse | None = None) -> Draft:
    return period_draft(first_step(made), {}, terms or Terms(), purse or Purse(), ISSUE)


def test_items_are_billed_in_advance_one_line_each() -> None:
    draft = drafted(subscription(item(flat()), item(seats(), 3)))

    assert [(x.kind, x.description, x.amount_minor, x.quantity) for x in draft.lines] == [
        (LineKind.ITEM, "Basic", 1000, 1), (LineKind.ITEM, "Seats x 3", 1500, 3),
    ]  # fmt: skip
    assert (draft.period, draft.settlement.due_minor, draft.state) == (JANUARY, 2500, InvoiceState.PENDING)


def test_usage_is_billed_in_arrears_for_the_stretch_that_ended() -> None:
    calls = item(metered("calls", 2))
    step = step_at(subscription(calls), FEB, BILLED_JANUARY, True)

    draft = period_draft(step, {(calls.item_id, JANUARY): 150}, Terms(), Purse(), ISSUE)

    assert [(x.kind, x.quantity, x.amount_minor, x.period) for x in draft.lines] == [
        (LineKind.USAGE, 150, 300, JANUARY)
    ]
    assert draft.period == Period(FEB, MAR)


def test_the_first_invoice_of_metered_items_alone_is_empty_and_paid() -> None:
    draft = drafted(subscription(item(metered())))

    assert (draft.lines, draft.state) == ((), InvoiceState.PAID)


def test_a_setup_fee_is_charged_with_the_first_period_only() -> None:
    made = subscription(item(flat(setup_fee_minor=5000)))

    first = charges_of(first_step(made), {})
    second = charges_of(step_at(made, FEB, BILLED_JANUARY, True), {})

    assert [(c.kind, c.amount_minor) for c in first] == [(LineKind.ITEM, 1000), (LineKind.SETUP_FEE, 5000)]
    assert [c.kind for c in second] == [LineKind.ITEM]


@pytest.mark.parametrize(("quantity", "missing"), [(1, 1500), (3, 500), (4, 0), (9, 0)])
def test_a_minimum_commitment_is_topped_up(quantity: int, missing: int) -> None:
    charges = charges_of(first_step(subscription(item(seats(minimum_minor=2000), quantity))), {})

    assert sum(c.amount_minor for c in charges if c.kind is LineKind.MINIMUM) == missing


def test_a_minimum_of_usage_is_due_without_any_usage() -> None:
    step = step_at(subscription(item(metered(minimum_minor=700))), FEB, BILLED_JANUARY, True)

    assert [(c.kind, c.amount_minor) for c in charges_of(step, {})] == [(LineKind.USAGE, 0), (LineKind.MINIMUM, 700)]


def test_a_minimum_is_shortened_with_the_stretch_it_is_for() -> None:
    half = item(metered(minimum_minor=3100), valid_from=datetime(2026, 1, 16, tzinfo=JAN.tzinfo))
    step = step_at(subscription(half), FEB, BILLED_JANUARY, True)

    assert [c.amount_minor for c in charges_of(step, {})] == [0, 1600]


def test_who_starts_before_the_anchor_pays_for_the_rest_of_the_period() -> None:
    made = subscription(cycle=Cycle(date(2026, 1, 16)))

    draft = drafted(made)

    assert draft.lines[0].amount_minor == round(1000 * 15 / 31)
    assert draft.period == Period(JAN, datetime(2026, 1, 16, tzinfo=JAN.tzinfo))


def test_a_coupon_for_one_period_takes_half_and_tax_is_on_the_rest() -> None:
    made = subscription(discounts=(discount(500_000, duration=Duration.ONCE),))

    (only,) = drafted(made, Terms(tax=tax())).lines

    assert (only.amount_minor, only.discount_minor, only.tax_minor, only.total_minor) == (1000, 500, 100, 600)


def test_inclusive_tax_is_within_the_amount() -> None:
    (only,) = drafted(subscription(), Terms(tax=tax(inclusive=True))).lines

    assert (only.tax_minor, only.total_minor, only.net_minor, only.inclusive) == (167, 1000, 833, True)


prices = st.one_of(
    st.builds(lambda n: flat(f"flat{n}", n), st.integers(0, 10_000)),
    st.builds(lambda n: seats(f"seats{n}", n, minimum_minor=n * 3), st.integers(0, 1000)),
)
subscriptions = st.lists(st.tuples(prices, st.integers(0, 20)), min_size=1, max_size=4).map(
    lambda held: subscription(*(item(p, q, f"i{n}") for n, (p, q) in enumerate(held)))
)
taxes = st.none() | st.builds(lambda ppm, inside: tax(ppm, inclusive=inside), st.integers(0, 300_000), st.booleans())
discounts = st.lists(
    st.one_of(
        st.builds(discount, st.integers(0, 1_000_000)),
        st.builds(lambda n: discount(amount_minor=n), st.integers(0, 5000)),
    ),
    max_size=2,
)


@given(subscriptions, taxes)
@settings(max_examples=50)
def test_what_is_remembered_of_other_subscriptions_is_what_would_be_computed(made: Subscription, rate: Any) -> None:
    step = first_step(made)

    assert plain_lines(step, rate) == finished(charges_of(step, {}), made, step.at, rate)


@given(subscriptions, taxes, discounts, st.integers(0, 8000), st.integers(0, 60), st.booleans())
@settings(max_examples=100)
def test_an_invoice_is_the_sum_of_its_lines_and_of_its_postings(
    made: Subscription, rate: Any, off: list[Any], credit: int, carried: int, automatic: bool
) -> None:
    made = subscription(*made.items, discounts=tuple(off))
    purse = Purse((grant("g", credit),) if credit else (), {USD: carried})
    terms = Terms("automatic" if automatic else "net_terms", 14, rate)

    draft = drafted(made, terms, purse)

    settled, entry = draft.settlement, invoice_issued(draft, ISSUE.on)
    sides = entry.postings if entry else ()
    assert settled.total_minor == sum(x.total_minor for x in draft.lines)
    assert settled.due_minor == sum(p.minor for p in sides if p.account is LedgerAccount.RECEIVABLE)
    assert -sum(p.minor for p in sides if p.account is LedgerAccount.TAX_PAYABLE) == sum(
        x.tax_minor for x in draft.lines
    )
    assert -sum(p.minor for p in sides if p.account is LedgerAccount.DEFERRED_REVENUE) == sum(
        x.net_minor for x in draft.lines
    )
    assert settled.credits_minor <= credit


def test_an_invoice_covered_by_credits_is_born_paid() -> None:
    draft = drafted(subscription(), purse=Purse((grant("g", 5000),), {}))

    assert (draft.settlement.credits_minor, draft.state) == (1000, InvoiceState.PAID)


def test_automatic_collection_is_due_at_once_and_net_terms_later() -> None:
    dates = [terms.due_on(date(2026, 1, 1)) for terms in (Terms(net_terms_days=30), Terms("net_terms", 30))]

    assert dates == [date(2026, 1, 1), date(2026, 1, 31)]


def test_two_days_that_begin_on_one_utc_date_give_two_invoices() -> None:
    made = subscription(cycle=Cycle(date(2026, 3, 29), "Europe/London"))
    winter, summer = datetime(2026, 3, 29, 0, tzinfo=JAN.tzinfo), datetime(2026, 3, 29, 23, tzinfo=JAN.tzinfo)

    names = {period_invoice_id(Step(made, at, BILLED_JANUARY, BILLED_JANUARY)) for at in (winter, summer)}

    assert names == {"inv-s1-20260329", "inv-s1-20260330"}


def test_two_periods_that_begin_on_one_day_have_invoices_of_their_own() -> None:
    noon, later = FEB + timedelta(hours=12), FEB + timedelta(hours=15)
    first, end = steps_due(subscription(next_period_start=FEB, cancel_at=noon), BILLED_JANUARY, True, noon)
    start = Change(SubscriptionId("s1"), "c", "start", {}, "now", later, "test")

    begun = changed(end.subscription, first.tile, [start], later, {}, Taxes(None))
    (again,) = steps_due(begun.subscription, begun.bridge.tile if begun.bridge else None, True, later)

    assert (period_invoice_id(first), period_invoice_id(again)) == ("inv-s1-20260201", "inv-s1-20260201-150000")


def test_billing_an_ended_stretch_needs_no_new_period() -> None:
    calls = item(metered("calls", 2))
    over = subscription(calls, cancel_at=FEB)

    step = step_at(over, FEB, Billed(JANUARY, BILLED_JANUARY.charger), True)
    draft = period_draft(
        step, {(calls.item_id, JANUARY): 50}, Terms(), Purse(), Issue(FEB + timedelta(hours=1), ISSUE.on)
    )

    assert (draft.invoice_id, draft.period, draft.settlement.due_minor) == ("inv-s1-20260201-final", None, 100)


def test_a_setup_fee_waits_for_the_first_period_that_is_billed() -> None:
    fee = item(flat(setup_fee_minor=5000))
    suspended = subscription(fee, suspended_at=JAN)

    unbilled = step_at(suspended, JAN, None, True)
    first = step_at(subscription(fee, next_period_start=FEB), FEB, unbilled.tile, True)
    second = step_at(subscription(fee, next_period_start=MAR), MAR, first.tile, True)

    assert not unbilled.billable
    assert [c.kind for c in charges_of(first, {})] == [LineKind.ITEM, LineKind.SETUP_FEE]
    assert [c.kind for c in charges_of(second, {})] == [LineKind.ITEM]


@pytest.mark.parametrize("hours", [0, 14])
def test_a_minimum_of_usage_is_as_whole_as_the_price_of_what_is_licensed(hours: int) -> None:
    start = JAN + timedelta(hours=hours)
    both = item(flat("base", 3100)), item(metered(minimum_minor=3100))
    made = subscription(*both, next_period_start=start)

    first, second = steps_due(made, None, True, FEB)

    base = charges_of(first, {})[0].amount_minor
    usage = sum(c.amount_minor for c in charges_of(second, {}) if c.price.metered)
    assert (base, usage) == (3100, 3100)
