"""Which credits pay which invoice."""

from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.credits import CreditGrant, CreditKind, in_order, spend
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import InvoiceId
from tests.domain.billing_examples import FEB, JAN, MAR, grant

INVOICE = InvoiceId("inv")

grants = st.lists(
    st.builds(
        lambda n, amount, kind, expires, priority: (n, amount, kind, expires, priority),
        st.integers(0, 10**6), st.integers(1, 5000), st.sampled_from(CreditKind),
        st.none() | st.sampled_from([JAN, FEB, MAR]), st.integers(1, 3),
    ),
    max_size=6, unique_by=lambda values: values[0],
).map(lambda many: [
    grant(f"g{n}", amount, kind=kind, expires_at=expires, priority=priority) for n, amount, kind, expires, priority in many
])  # fmt: skip


@given(grants, st.integers(0, 20_000), st.sampled_from([JAN, FEB]))
@settings(max_examples=100)
def test_credits_never_exceed_what_is_due_nor_what_is_left(held: list[CreditGrant], due: int, at: datetime) -> None:
    uses = spend(held, INVOICE, due, at)

    left = {g.credit_grant_id: g.remaining_minor for g in held if g.usable(at)}
    assert sum(use.amount_minor for use in uses) == min(due, sum(left.values()))
    assert all(0 < use.amount_minor <= left[use.credit_grant_id] for use in uses)


@given(grants, st.integers(0, 20_000), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_the_order_in_which_grants_are_read_does_not_matter(held: list[CreditGrant], due: int, random: Random) -> None:
    shuffled = random.sample(held, len(held))

    assert spend(shuffled, INVOICE, due, JAN) == spend(held, INVOICE, due, JAN)


def test_what_expires_soonest_goes_first_and_what_never_expires_last() -> None:
    held = [grant("never"), grant("march", expires_at=MAR), grant("february", expires_at=FEB)]

    assert [g.credit_grant_id for g in in_order(held)] == ["february", "march", "never"]


def test_given_credits_go_before_bought_ones_that_expire_with_them() -> None:
    held = [
        grant("bought", kind=CreditKind.PURCHASED, priority=1), grant("goodwill", kind=CreditKind.GOODWILL),
        grant("given", kind=CreditKind.PROMOTIONAL),
    ]  # fmt: skip

    assert [g.credit_grant_id for g in in_order(held)] == ["given", "goodwill", "bought"]


def test_among_equals_priority_decides_then_age_then_the_name() -> None:
    held = [
        grant("b"), grant("a"), grant("old", granted_at=JAN - timedelta(days=1)), grant("urgent", priority=1),
    ]  # fmt: skip

    assert [g.credit_grant_id for g in in_order(held)] == ["urgent", "old", "a", "b"]


def test_a_grant_is_used_up_before_the_next_is_touched() -> None:
    uses = spend([grant("a", 60), grant("b", 60)], INVOICE, 100, JAN)

    assert [(use.credit_grant_id, use.amount_minor) for use in uses] == [("a", 60), ("b", 40)]


@pytest.mark.parametrize("values", [{"expires_at": JAN}, {"granted_at": FEB}, {"remaining_minor": 0}])
def test_what_has_expired_has_not_begun_or_is_empty_pays_nothing(values: dict[str, object]) -> None:
    assert spend([grant(**values)], INVOICE, 100, JAN) == ()  # type: ignore[arg-type]


def test_nothing_due_uses_nothing() -> None:
    assert spend([grant()], INVOICE, 0, JAN) == ()


def test_a_grant_cannot_have_more_left_than_it_had() -> None:
    with pytest.raises(Broken, match="credit g: 101 left of 100"):
        grant("g", 100, remaining_minor=101)
