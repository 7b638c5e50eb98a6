"""How a total is settled: a negative one, what is too small, what credits pay."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.credits import CreditKind
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.invoice_drafts import Draft, Line, LineKind, Settlement
from billing_pipeline.domain.invoices import InvoiceState
from billing_pipeline.domain.issuing import Purse, Terms, purse_after, settle, too_small
from tests.domain.billing_examples import FEB, ISSUE, JAN, JANUARY, USD, grant, subscription

NAME = InvoiceId("inv")


def line(amount: int, **values: Any) -> Line:
    return Line(LineKind.ITEM, "Basic", amount, JANUARY, **values)


@given(st.integers(-5000, 5000), st.integers(0, 49), st.integers(0, 5000))
@settings(max_examples=100)
def test_nothing_is_lost_between_an_invoice_and_the_next(total: int, carried: int, credit: int) -> None:
    purse = Purse((grant("g", credit),) if credit else (), {USD: carried})
    lines, settled = settle(NAME, (line(total),), USD, Terms(), purse, JAN)
    draft = Draft(
        NAME, subscription().account, None, "manual", USD, None, lines, settled, "automatic", JAN, ISSUE.on, ISSUE.on
    )

    after = purse_after(purse, draft)

    held = sum(g.remaining_minor for g in after.grants)
    assert settled.due_minor - held + after.carried[USD] == total + carried - credit


def test_a_negative_total_becomes_a_credit_and_the_invoice_is_nothing_and_paid() -> None:
    lines, settled = settle(NAME, (line(-334),), USD, Terms(), Purse(), JAN)

    assert [(x.kind, x.total_minor) for x in lines] == [(LineKind.ITEM, -334), (LineKind.TO_CREDIT, 334)]
    assert (settled.total_minor, settled.due_minor, settled.granted_minor) == (0, 0, 334)


def test_a_negative_total_leaves_the_previous_balance_for_the_next_invoice() -> None:
    _, settled = settle(NAME, (line(-334),), USD, Terms(), Purse(carried={USD: 20}), JAN)

    assert (settled.previous_balance_minor, settled.carried_minor) == (0, 0)


def test_the_credit_of_a_negative_total_never_expires_and_pays_the_next_invoice() -> None:
    lines, settled = settle(NAME, (line(-334),), USD, Terms(), Purse(), JAN)
    draft = Draft(
        NAME, subscription().account, None, "change", USD, JANUARY, lines, settled, "automatic", JAN, ISSUE.on, ISSUE.on
    )

    purse = purse_after(Purse(), draft)

    (made,) = purse.grants
    assert (made.kind, made.expires_at, made.remaining_minor) == (CreditKind.PRORATION, None, 334)
    assert settle(InvoiceId("next"), (line(1000),), USD, Terms(), purse, JAN)[1].due_minor == 666


@pytest.mark.parametrize(
    ("due", "code", "left"),
    [
        (0, "usd", 0), (1, "usd", 1), (49, "usd", 49), (50, "usd", 0), (51, "usd", 0), (29, "gbp", 29), (30, "gbp", 0),
        (49, "jpy", 49), (5124, "kwd", 4), (10050, "isk", 50), (500, "isk", 0), (17499, "huf", 17499), (3, "twd", 0),
    ],
)  # fmt: skip
def test_what_stripe_would_not_charge_is_carried_over(due: int, code: str, left: int) -> None:
    assert too_small(due, Currency(code)) == left


def test_an_amount_below_the_minimum_is_paid_now_and_shown_on_the_next_invoice() -> None:
    lines, settled = settle(NAME, (line(40),), USD, Terms(), Purse(), JAN)
    draft = Draft(
        NAME, subscription().account, None, "manual", USD, None, lines, settled, "automatic", JAN, ISSUE.on, ISSUE.on
    )

    _, following = settle(InvoiceId("next"), (line(40),), USD, Terms(), purse_after(Purse(), draft), FEB)

    assert (settled.carried_minor, draft.state) == (40, InvoiceState.PAID)
    assert (following.previous_balance_minor, following.due_minor) == (40, 80)


def test_who_pays_by_transfer_may_owe_a_cent() -> None:
    _, settled = settle(NAME, (line(1),), USD, Terms("net_terms"), Purse(), JAN)

    assert settled.due_minor == 1


def test_credits_of_another_currency_pay_nothing() -> None:
    other = Purse((grant("g", 500),), {})

    _, settled = settle(NAME, (line(1000),), Currency("eur"), Terms(), other, JAN)

    assert settled.credits == ()


def test_a_draft_whose_lines_do_not_sum_to_its_total_cannot_be_built() -> None:
    with pytest.raises(Broken, match="lines do not sum"):
        Draft(
            NAME, subscription().account, None, "manual", USD, None, (line(1),), Settlement(2), "automatic", JAN,
            ISSUE.on, ISSUE.on,
        )  # fmt: skip


def test_a_settlement_below_nothing_cannot_be_built() -> None:
    with pytest.raises(Broken, match="below nothing"):
        Settlement(100, carried_minor=101)
