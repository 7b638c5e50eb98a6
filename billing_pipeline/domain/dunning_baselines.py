"""The ladders that a policy is compared with: the same messages and ends, other retries."""

from dataclasses import replace
from typing import Final

from billing_pipeline.domain.dunning_policy import Action, Ladder, Policy, Step

FIXED: Final = (1, 3, 5, 7)
EIGHT_IN_TWO_WEEKS: Final = (1, 2, 4, 6, 8, 10, 12, 14)  # number and window that Stripe recommends for its own retries


def baselines(policy: Policy) -> dict[str, Policy]:
    """The policy and its rivals, by the name that tables show."""
    return {
        f"this policy ({policy.version})": policy,
        "fixed days 1, 3, 5, 7": with_retries(policy, FIXED),
        "8 tries in 2 weeks": with_retries(policy, EIGHT_IN_TWO_WEEKS),
        "no retry": with_retries(policy, ()),
    }


def with_retries(policy: Policy, days: tuple[int, ...]) -> Policy:
    """The policy with retries on those days after the due date in every ladder, and without waiting for paydays."""
    ladders = {name: _with_retries(ladder, days) for name, ladder in policy.ladders.items()}
    timing = replace(policy.timing, paydays=())
    return replace(policy, version=f"{policy.version} retries {days}", ladders=ladders, timing=timing)


def _with_retries(ladder: Ladder, days: tuple[int, ...]) -> Ladder:
    others = [replace(step, day=step.day + ladder.grace_days) for step in ladder.consequences]
    retries = [Step(f"retry-{number}", day, Action.RETRY) for number, day in enumerate(days, 1)]
    return Ladder(ladder.name, tuple(sorted([*retries, *others], key=lambda step: step.day)))
