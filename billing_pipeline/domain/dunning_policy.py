"""A dunning policy as data: ladders of steps, segments that choose one, timing, caps; and what is wrong with a policy.

Days count from the due date (or the day a payment was returned) plus the ladder's grace. A place names where in the
policy file, such as ('ladders', 'standard', 'steps', 2, 'day'), so that the reader of the file can name the line.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from itertools import combinations, pairwise
from typing import Final

from billing_pipeline.domain.card_budget import ATTEMPTS_30_DAYS_MAX, LIMITS, CardLimits
from billing_pipeline.domain.currencies import THREE_DECIMAL, TWO_DECIMAL, ZERO_DECIMAL
from billing_pipeline.domain.ids import PlanId
from billing_pipeline.domain.money import Money

DAY_MAX: Final = 365  # a ladder that is longer than a year is a typing error
GRACE_DAYS_MAX: Final = 90  # longer than that is no grace but other terms of payment
COUNTRY: Final = re.compile("[A-Z]{2}")
WINDOW_DAYS: Final = 30  # in which card networks count attempts

Place = tuple[str | int, ...]


class Action(StrEnum):
    """What a step does."""

    RETRY = "retry"
    MAIL = "mail"
    SUSPEND = "suspend"
    CANCEL = "cancel"
    WRITE_OFF = "write_off"


@dataclass(frozen=True, slots=True)
class Step:
    """One rung. name: unique in its ladder. template: the message that goes with it, '' for none."""

    name: str
    day: int
    action: Action
    template: str = ""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Steps in the order of their days. Retries and consequences advance side by side, each in its own order."""

    name: str
    steps: tuple[Step, ...]
    grace_days: int = 0

    @property
    def retries(self) -> tuple[Step, ...]:
        """The steps that try the card again."""
        return tuple(step for step in self.steps if step.action is Action.RETRY)

    @property
    def consequences(self) -> tuple[Step, ...]:
        """The steps that the customer notices: messages, suspension, cancellation, write-off."""
        return tuple(step for step in self.steps if step.action is not Action.RETRY)


@dataclass(frozen=True, slots=True)
class Segment:
    """Which invoices climb which ladder. An empty condition matches everything; without any it is the default.

    amounts_from, amounts_below: minor units by currency; a currency that is not named does not match.
    """

    name: str
    ladder: str
    kinds: frozenset[str] = frozenset()
    plans: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    amounts_from: tuple[tuple[str, int], ...] = ()
    amounts_below: tuple[tuple[str, int], ...] = ()

    @property
    def is_default(self) -> bool:
        """Whether it takes what no other segment takes."""
        return not (self.kinds or self.plans or self.countries or self.amounts_from or self.amounts_below)


@dataclass(frozen=True, slots=True)
class Timing:
    """When steps may be taken, in the customer's own zone. paydays: days of the month, for empty accounts."""

    morning: time = time(9)
    quiet_from: time = time(20)
    quiet_until: time = time(8)
    paydays: tuple[int, ...] = (1, 15)
    payday_wait_days_max: int = 4


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits of our own, never above those of the card networks."""

    retries_per_invoice_max: int = 8
    attempts_per_card_30_days_max: int = ATTEMPTS_30_DAYS_MAX
    notices_per_customer_7_days_max: int = 2


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that dunning decides by. version: written beside every step that is taken."""

    version: str
    languages: tuple[str, ...]
    ladders: Mapping[str, Ladder]
    segments: tuple[Segment, ...]
    timing: Timing = Timing()
    caps: Caps = Caps()
    card_limits: CardLimits = field(default_factory=lambda: LIMITS)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a policy: where, and what to do about it."""

    place: Place
    message: str


def segment_of(policy: Policy, kind: str, plan: PlanId | None, country: str, owed: Money) -> Segment:
    """The one segment that the invoice falls into; the default where no other matches."""
    for segment in policy.segments:
        if not segment.is_default and _matches(segment, kind, plan, country, owed):
            return segment
    return next(segment for segment in policy.segments if segment.is_default)


def _matches(segment: Segment, kind: str, plan: PlanId | None, country: str, owed: Money) -> bool:
    low, high = dict(segment.amounts_from), dict(segment.amounts_below)
    return (
        (not segment.kinds or kind in segment.kinds)
        and (not segment.plans or plan in segment.plans)
        and (not segment.countries or country in segment.countries)
        and (not low or low.get(owed.currency, owed.minor + 1) <= owed.minor)
        and (not high or owed.minor < high.get(owed.currency, owed.minor))
    )


def faults(policy: Policy) -> list[Fault]:
    """Everything wrong with the policy, in the order of the file; an empty list means it may be used."""
    found = [] if policy.version else [Fault(("version",), "version is empty: it is written beside every step")]
    found += [*_timing_faults(policy.timing), *_cap_faults(policy.caps), *_segment_faults(policy)]
    for ladder in policy.ladders.values():
        found += [*_ladder_faults(ladder), *_order_faults(ladder), *_network_faults(ladder, policy)]
    return found


def _timing_faults(timing: Timing) -> Iterator[Fault]:
    if not timing.quiet_until <= timing.morning < timing.quiet_from:
        yield Fault(
            ("timing", "morning"), "morning lies in the quiet hours: choose one between quiet_until and quiet_from"
        )
    if any(not 1 <= payday <= 31 for payday in timing.paydays):
        yield Fault(("timing", "paydays"), "paydays are days of the month, from 1 to 31")
    if not 0 <= timing.payday_wait_days_max <= 15:
        yield Fault(("timing", "payday_wait_days_max"), "must be from 0 to 15 days")


def _cap_faults(caps: Caps) -> Iterator[Fault]:
    if not 1 <= caps.attempts_per_card_30_days_max <= ATTEMPTS_30_DAYS_MAX:
        message = f"card networks allow {ATTEMPTS_30_DAYS_MAX} attempts per card in 30 days: choose from 1 to that"
        yield Fault(("caps", "attempts_per_card_30_days_max"), message)
    if caps.retries_per_invoice_max < 0 or caps.notices_per_customer_7_days_max < 1:
        yield Fault(("caps",), "retries_per_invoice_max must be at least 0, notices_per_customer_7_days_max at least 1")


def _segment_faults(policy: Policy) -> Iterator[Fault]:
    for index, segment in enumerate(policy.segments):
        yield from _condition_faults(segment, ("segments", index))
        if segment.name in {one.name for one in policy.segments[:index]}:
            yield Fault(
                ("segments", index, "name"), f"two segments are called {segment.name!r}: give each its own name"
            )
        if segment.ladder not in policy.ladders:
            known = ", ".join(policy.ladders)
            yield Fault(("segments", index, "ladder"), f"no ladder {segment.ladder!r}: use one of {known}")
    defaults = [segment.name for segment in policy.segments if segment.is_default]
    if len(defaults) != 1:
        yield Fault(("segments",), f"{len(defaults)} segments without a condition: exactly one takes what is left")
    for (_, one), (index, other) in combinations(enumerate(policy.segments), 2):
        if not one.is_default and not other.is_default and _overlap(one, other):
            message = f"segment {other.name!r} overlaps {one.name!r}: some invoices fall into both; separate them"
            yield Fault(("segments", index), message)


def _condition_faults(segment: Segment, place: Place) -> Iterator[Fault]:
    for country in sorted(segment.countries):
        if not COUNTRY.fullmatch(country):
            yield Fault((*place, "countries"), f"{country!r} is no country: write two capital letters, such as DE")
    for name, amounts in (("amounts_from", segment.amounts_from), ("amounts_below", segment.amounts_below)):
        for code, minor in amounts:
            if code not in ZERO_DECIMAL | THREE_DECIMAL | TWO_DECIMAL:
                yield Fault((*place, name), f"{code!r} is no currency: write it in lower case, such as usd")
            if minor < 0:
                yield Fault((*place, name), f"{minor} {code} is less than nothing: use whole minor units")


def _overlap(one: Segment, other: Segment) -> bool:
    sets = ((one.kinds, other.kinds), (one.plans, other.plans), (one.countries, other.countries))
    return all(not a or not b or a & b for a, b in sets) and _amounts_overlap(one, other)


def _amounts_overlap(one: Segment, other: Segment) -> bool:
    bounds = [(dict(s.amounts_from), dict(s.amounts_below)) for s in (one, other)]
    named = [set(table) for pair in bounds for table in pair if table]
    if not named:
        return True
    shared = set.intersection(*named)
    return any(
        max(low.get(code, 0) for low, _ in bounds) < min(high.get(code, 2**63) for _, high in bounds) for code in shared
    )


def _ladder_faults(ladder: Ladder) -> Iterator[Fault]:
    if not 0 <= ladder.grace_days <= GRACE_DAYS_MAX:
        yield Fault(
            ("ladders", ladder.name, "grace_days"), f"grace of {ladder.grace_days} days: use 0 to {GRACE_DAYS_MAX}"
        )
    seen: set[str] = set()
    for index, step in enumerate(ladder.steps):
        at = ("ladders", ladder.name, "steps", index)
        if step.name in seen:
            yield Fault((*at, "step"), f"step {step.name!r} stands in the ladder twice: give each its own name")
        if not 1 <= step.day <= DAY_MAX:
            yield Fault((*at, "day"), f"day {step.day} of step {step.name!r}: use 1 to {DAY_MAX}")
        if step.action is Action.MAIL and not step.template:
            yield Fault(at, f"step {step.name!r} mails without a template: name one")
        if step.action is Action.RETRY and step.template:
            yield Fault((*at, "template"), f"step {step.name!r} retries: put its message into a step of its own")
        seen.add(step.name)


def _order_faults(ladder: Ladder) -> Iterator[Fault]:
    place = ("ladders", ladder.name)
    for index, (before, after) in enumerate(pairwise(ladder.steps), 1):
        if after.day < before.day:
            yield Fault(
                (*place, "steps", index, "day"), f"step {after.name!r} comes before {before.name!r}: sort by day"
            )
    actions = [step.action for step in ladder.consequences]
    if actions.count(Action.WRITE_OFF) != 1 or actions[-1:] != [Action.WRITE_OFF]:
        yield Fault(place, "a ladder ends in exactly one write_off: else an invoice could stay open for ever")
    if Action.SUSPEND in actions and Action.MAIL not in actions[: actions.index(Action.SUSPEND)]:
        yield Fault(place, "nobody is suspended unwarned: put a mail step before suspend")
    if Action.CANCEL in actions and Action.SUSPEND in actions[actions.index(Action.CANCEL) :]:
        yield Fault(place, "suspend stands after cancel: there is nothing left to suspend")


def _network_faults(ladder: Ladder, policy: Policy) -> Iterator[Fault]:
    days = [step.day for step in ladder.retries]
    for index, step in enumerate(ladder.steps):
        if step.action is not Action.RETRY:
            continue
        at, within = (
            ("ladders", ladder.name, "steps", index),
            [d for d in days if step.day - WINDOW_DAYS < d <= step.day],
        )
        if len(within) + 1 > policy.caps.attempts_per_card_30_days_max:
            yield Fault(at, f"step {step.name!r} is attempt {len(within) + 1} within 30 days: network limits allow "
                            f"{policy.caps.attempts_per_card_30_days_max} per card")  # fmt: skip
        if any(one.day == step.day for one in ladder.steps[:index] if one.action is Action.RETRY):
            yield Fault((*at, "day"), f"two retries on day {step.day}: one card is tried once a day at most")
    if len(days) > policy.caps.retries_per_invoice_max:
        message = f"{len(days)} retries, but caps.retries_per_invoice_max is {policy.caps.retries_per_invoice_max}"
        yield Fault(("ladders", ladder.name), message)


def step_day(ladder: Ladder, steps: tuple[Step, ...], index: int, late_since: date, taken_on: date | None) -> date:
    """The day of steps[index]: its own, or later when the step before it was taken late, so that the spacing stays.

    late_since: the day that counting starts at. taken_on: when steps[index - 1] was taken, None for the first.
    """
    own = late_since.toordinal() + ladder.grace_days + steps[index].day
    spaced = taken_on.toordinal() + steps[index].day - steps[index - 1].day if index and taken_on else own
    return date.fromordinal(max(own, spaced))
