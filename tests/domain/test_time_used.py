"""Whatever is wished, the invoices come to the price of the time that was used, but for the rounding of their lines."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.boundaries import Billed, coupons_used_up, steps_due
from billing_pipeline.domain.change_steps import changed, simultaneous
from billing_pipeline.domain.changes import Change
from billing_pipeline.domain.ids import InvoiceId, SubscriptionId
from billing_pipeline.domain.invoice_drafts import Line
from billing_pipeline.domain.issuing import all_lines, period_invoice_id
from billing_pipeline.domain.periods import Cycle, midnight, paid_in_full
from billing_pipeline.domain.pricing import amount_of
from billing_pipeline.domain.proration import Taxes
from billing_pipeline.domain.subscriptions import Item, Subscription, SubscriptionState
from tests.domain.billing_examples import discount, flat, item, seats, subscription

DAYS: Final = 120
MILLION: Final = 1_000_000  # prices so large that a second too much is more than all rounding
BASE, DEAR = flat("base", 1000 * MILLION), flat("dear", 2999 * MILLION)
SEATS, FLOOR = seats("seats", 333 * MILLION), seats("floor", 77 * MILLION, minimum_minor=500 * MILLION)
PRICES: Final = {price.price_id: price for price in (BASE, DEAR, SEATS, FLOOR)}
WISHES: Final[list[tuple[Any, dict[str, Any]]]] = [
    ("swap", {"price_id": "base", "item_id": "i"}), ("swap", {"price_id": "seats", "item_id": "i", "quantity": 3}),
    ("quantity", {"quantity": 7, "item_id": "i"}), ("quantity", {"quantity": 0, "item_id": "i"}),
    ("add", {"price_id": "floor", "quantity": 2, "item_id": "x"}), ("remove", {"item_id": "x"}),
    ("add", {"price_id": "dear", "item_id": "y"}), ("remove", {"item_id": "y"}), ("pause", {}), ("resume", {}),
    ("cancel", {"prorate": True}), ("cancel", {"at": "period_end"}), ("keep", {}), ("start", {}), ("convert", {}),
]  # fmt: skip
ZONES: Final = ["UTC", "America/New_York", "America/Sao_Paulo", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland"]


@dataclass(slots=True)
class Life:
    """A subscription and what became of it. stands: what it was from each moment on; tiles: with the cycle of each."""

    now: Subscription
    stands: list[tuple[datetime, Subscription]] = field(default_factory=list)
    tiles: list[tuple[Billed, Cycle]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    names: list[InvoiceId] = field(default_factory=list)

    @property
    def last(self) -> Billed | None:
        """The last tile."""
        return self.tiles[-1][0] if self.tiles else None

    def bill(self, until: datetime) -> None:
        """Pass every boundary up to and including until."""
        for step in steps_due(self.now, self.last, True, until):
            self.lines += all_lines(step, {}, None) if step.billable else ()
            self.names += [period_invoice_id(step)] if step.billable else []
            self.tiles += [(step.tile, step.subscription.cycle)] if step.tile else []
            self.now = replace(coupons_used_up(step), next_period_start=step.next_at)
            self.stands.append((step.at, self.now))

    def change(self, at: datetime, changes: list[Change]) -> None:
        """Apply the changes of one second."""
        result = changed(self.now, self.last, changes, at, PRICES, Taxes(None))
        self.now = result.subscription
        self.lines += result.lines
        self.tiles += [(result.bridge.tile, self.now.cycle)] if result.bridge and result.bridge.tile else []
        self.stands.append((at, self.now))

    def used(self) -> Fraction:
        """The exact price of the time in which it was active, before discounts."""
        ends = datetime.max.replace(tzinfo=self.stands[0][0].tzinfo)
        due = Fraction(0)
        for tile, cycle in self.tiles:
            whole = paid_in_full(cycle, tile.period).seconds
            for (begins, stood), (over, _) in pairwise([*self.stands, (ends, self.now)]):
                start, end = max(begins, tile.period.start), min(over, tile.period.end)
                if start < end and stood.state is SubscriptionState.ACTIVE:
                    price = sum(whole_price(one) for one in stood.items_at(start))
                    due += Fraction(price * int((end - start).total_seconds()), whole)
        return due


def whole_price(one: Item) -> int:
    """What an item costs for a whole period."""
    return max(amount_of(one.price, one.quantity), one.price.minimum_minor)


wishes = st.lists(
    st.tuples(st.one_of(st.integers(0, DAYS * 86400), st.integers(0, 3 * 86400)), st.sampled_from(WISHES)), max_size=9
)


# long because a life has all of these
@given(
    wishes, st.sampled_from(ZONES), st.dates(date(2023, 12, 1), date(2024, 3, 31)), st.sampled_from([0, 14, 120]),
    st.booleans(), st.sampled_from([0, 250_000]),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_the_invoices_come_to_the_price_of_the_time_that_was_used(
    wanted: list[tuple[int, tuple[Any, dict[str, Any]]]], zone: str, anchor: date, hours: int, trial: bool, off: int
) -> None:
    begins = midnight(anchor, zone) + timedelta(hours=hours)
    first = begins + timedelta(days=7) if trial else begins
    state = {"state": SubscriptionState.TRIALING, "trial_end": first} if trial else {}
    life = Life(
        subscription(
            item(BASE, 1, "i", valid_from=begins), cycle=Cycle(anchor, zone), started_at=begins,
            next_period_start=first, discounts=(discount(off, started_at=begins),), **state,
        )
    )  # fmt: skip
    life.stands.append((begins, life.now))
    changes = [wish(number, begins + timedelta(seconds=at), *what) for number, (at, what) in enumerate(wanted)]

    for at, together in simultaneous(changes):
        life.bill(at - timedelta(microseconds=1))
        life.change(at, together)
    life.bill(begins + timedelta(days=DAYS))

    due = life.used() * Fraction(MILLION - off, MILLION)
    assert abs(sum(line.total_minor for line in life.lines) - due) <= len(life.lines)
    assert all(before.period.end == after.period.start for (before, _), (after, _) in pairwise(life.tiles))
    assert len(set(life.names)) == len(life.names)


def wish(number: int, at: datetime, kind: Any, parameters: dict[str, Any]) -> Change:
    """The change that is wished then."""
    said = {name: value for name, value in parameters.items() if name != "at"}
    timing: Any = parameters.get("at", "now")
    return Change(SubscriptionId("s1"), f"c{number}", kind, said, timing, at, "test", number)
