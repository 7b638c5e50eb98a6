"""Cases for the parity table: what we bill beside what Stripe's rules bill, for renewals and for changes in mid-period."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from billing_pipeline.domain.boundaries import Billed, step_at
from billing_pipeline.domain.change_steps import changed
from billing_pipeline.domain.changes import Change, ChangeKind
from billing_pipeline.domain.coupons import Coupon, Discount
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, CouponId, ItemId, PlanId, PriceId, SubscriptionId, TaxRateId
from billing_pipeline.domain.invoice_drafts import Line
from billing_pipeline.domain.issuing import Issue, Purse, Terms, period_draft
from billing_pipeline.domain.periods import Cycle, Interval, Period, period_at
from billing_pipeline.domain.pricing import Price, Scheme, Tier
from billing_pipeline.domain.proration import Taxes
from billing_pipeline.domain.stripe_catalog import Listed, coupon, create, price, product, tax_rate
from billing_pipeline.domain.subscriptions import Charger, Item, Subscription, SubscriptionState
from billing_pipeline.domain.taxes import TaxRate
from stripe_simulator import Simulator
from tests.collecting import StripeGateway

START = datetime(2026, 1, 1, tzinfo=UTC)
TIERS = (Tier(10, 1500, 4900), Tier(50, 1100), Tier(None, 800))


def sold(name: str, currency: str = "usd", **terms: Any) -> Price:
    """A monthly price."""
    return Price(PriceId(name), PlanId(name), Currency(currency), name=name, **terms)


FLAT = sold("flat 49.00", unit_minor=4900)
BIG = sold("flat 199.00", unit_minor=19_900)
SEATS = sold("12.00 a seat", scheme=Scheme.PER_UNIT, unit_minor=1200)
BETTER = sold("17.99 a seat", scheme=Scheme.PER_UNIT, unit_minor=1799)
PACKS = sold("0.50 per 1000", scheme=Scheme.PER_UNIT, unit_minor=50, per_units=1000)
STEPS = sold("graduated", scheme=Scheme.GRADUATED, tiers=TIERS)
WHOLE = sold("volume", scheme=Scheme.VOLUME, tiers=TIERS)
YEN = sold("980 yen a seat", "jpy", scheme=Scheme.PER_UNIT, unit_minor=980)
YEAR = sold("flat 490.00 a year", unit_minor=49_000, interval=Interval.YEAR)
WEEK = sold("flat 9.99 a week", unit_minor=999, interval=Interval.WEEK)
QUARTER = sold("flat 130.00 a quarter", unit_minor=13_000, interval_count=3)

TEN = Coupon(CouponId("10 % off"), percent_ppm=100_000)
THIRD = Coupon(CouponId("33.33 % off"), percent_ppm=333_300)
FIVE = Coupon(CouponId("5.00 off"), amount_minor=500, currency=Currency("usd"))
VAT = TaxRate(TaxRateId("19 % on top"), 190_000)
NY = TaxRate(TaxRateId("8.875 % on top"), 88_750)
INCLUDED = TaxRate(TaxRateId("10 % within"), 100_000, inclusive=True)


@dataclass(frozen=True, slots=True)
class ParityCase:
    """A subscription and what happens to it. at: the moment of the change; None for the next renewal."""

    what: str
    price: Price
    quantity: int = 1
    coupons: tuple[Coupon, ...] = ()
    tax: TaxRate | None = None
    at: datetime | None = None
    new_price: Price | None = None
    new_quantity: int | None = None

    @property
    def title(self) -> str:
        """The case in one line."""
        parts = [f"{self.price.name} x {self.quantity}", *(one.coupon_id for one in self.coupons)]
        return ", ".join([*parts, *([self.tax.tax_rate_id] if self.tax else [])])


def days(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, minute, second, tzinfo=UTC)


def cases() -> Iterator[ParityCase]:
    """All of them, in the order of the table."""
    for price_, quantity in (
        (FLAT, 1), (SEATS, 3), (SEATS, 0), (PACKS, 1), (PACKS, 12_345), (PACKS, 2500), (STEPS, 7), (STEPS, 10), (STEPS, 11),
        (STEPS, 75), (WHOLE, 10), (WHOLE, 11), (WHOLE, 120), (YEN, 7), (YEAR, 1), (WEEK, 1), (QUARTER, 1),
    ):  # fmt: skip
        yield ParityCase("renewal", price_, quantity)
    for price_, quantity, off, tax in (
        (FLAT, 1, (TEN,), None), (SEATS, 7, (THIRD,), None), (FLAT, 1, (FIVE,), None), (SEATS, 3, (TEN, FIVE), None),
        (FLAT, 1, (), VAT), (SEATS, 3, (), NY), (SEATS, 3, (TEN,), NY), (FLAT, 1, (), INCLUDED), (SEATS, 7, (THIRD,), INCLUDED),
        (STEPS, 12, (), VAT),
    ):  # fmt: skip
        yield ParityCase("renewal", price_, quantity, off, tax)
    seats = ParityCase("", SEATS, 3)
    for at in (days(1), days(1, 0, 0, 1), days(11), days(16, 12), days(21, 7, 13, 59), days(31, 23, 59, 59)):
        yield replace(seats, what=f"3 to 5 seats, {at:%d %b %H:%M:%S}", at=at, new_quantity=5)
        yield replace(seats, what=f"3 to 2 seats, {at:%d %b %H:%M:%S}", at=at, new_quantity=2)
    for at in (days(11), days(16, 12), days(21, 7, 13, 59), days(29, 23, 30)):
        yield replace(seats, what=f"another price, {at:%d %b %H:%M:%S}", at=at, new_price=BETTER)
        yield replace(seats, what=f"to a flat price, {at:%d %b %H:%M:%S}", at=at, new_price=BIG, new_quantity=1)
        yield ParityCase(f"flat to seats, {at:%d %b %H:%M:%S}", BIG, 1, at=at, new_price=SEATS, new_quantity=4)
        yield ParityCase(f"9 to 14 units, {at:%d %b %H:%M:%S}", STEPS, 9, at=at, new_quantity=14)
        yield ParityCase(f"9 to 14 units, {at:%d %b %H:%M:%S}", WHOLE, 9, at=at, new_quantity=14)
        yield ParityCase(f"7 to 9 seats, {at:%d %b %H:%M:%S}", YEN, 7, at=at, new_quantity=9)
        yield ParityCase(f"3 to 5 seats, {at:%d %b %H:%M:%S}", SEATS, 3, (TEN,), at=at, new_quantity=5)
        yield ParityCase(f"3 to 5 seats, {at:%d %b %H:%M:%S}", SEATS, 3, (), VAT, at, new_quantity=5)
        yield ParityCase(f"3 to 5 seats, {at:%d %b %H:%M:%S}", SEATS, 3, (), INCLUDED, at, new_quantity=5)


def subscription(case: ParityCase) -> Subscription:
    """The case's subscription, billed for its first period."""
    cycle = Cycle(date(2026, 1, 1), "UTC", case.price.interval, case.price.interval_count)
    item = Item(ItemId("i"), case.price, case.quantity, START)
    return Subscription(
        SubscriptionId("s"), AccountId("a"), case.price.currency, SubscriptionState.ACTIVE, cycle, (item,), START,
        period_at(cycle, START).end, tuple(Discount(one, START) for one in case.coupons),
    )  # fmt: skip


def ours(case: ParityCase) -> int:
    """What we bill, in minor units with discounts and taxes."""
    return sum(line.total_minor for line in our_lines(case))


def our_lines(case: ParityCase) -> tuple[Line, ...]:
    """Our lines."""
    mine = subscription(case)
    last = Billed(Period(START, mine.next_period_start or START), Charger.ENGINE)
    if case.at is None:
        step = step_at(mine, last.period.end, last, True)
        return period_draft(
            step, {}, Terms(tax=case.tax), Purse(), Issue(last.period.end, last.period.end.date())
        ).lines
    kind: ChangeKind = "swap" if case.new_price else "quantity"
    wish: dict[str, Any] = {"price_id": case.new_price.price_id} if case.new_price else {}
    wish |= {"quantity": case.new_quantity} if case.new_quantity is not None else {}
    change = Change(mine.subscription_id, "c", kind, wish, "now", case.at, "test")
    prices = {case.new_price.price_id: case.new_price} if case.new_price else {}
    return changed(mine, last, [change], case.at, prices, Taxes(case.tax)).lines


def theirs(case: ParityCase) -> int:
    """What Stripe's rules bill, in minor units: the simulator's invoice for the same."""
    sim = Simulator(seed=1, now=START)
    gateway = StripeGateway("sk_test_sim", http_client=sim.http_client(), pause=lambda seconds: None)
    client = sim.client().v1
    customer = client.customers.create({})
    card = client.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    client.customers.update(customer.id, {"invoice_settings": {"default_payment_method": card.id}})

    def made(listed: Listed) -> str:
        return str(gateway.send(create(listed, "parity"), f"parity:{listed.kind}:{listed.our_id}").body["id"])  # type: ignore[arg-type]

    def priced(one: Price) -> str:
        return made(price(one, made(product(one.plan_id, one.name, "", True)), ""))

    item: dict[str, Any] = {"price": priced(case.price), "quantity": quantity_of(case.price, case.quantity)}
    item |= {"tax_rates": [made(tax_rate(case.tax, case.tax.tax_rate_id, "XX", ""))]} if case.tax else {}
    off = (
        {"discounts": [{"coupon": made(coupon(one, one.coupon_id, ""))} for one in case.coupons]}
        if case.coupons
        else {}
    )
    begun: Any = client.subscriptions.create({"customer": customer.id, "items": [item], **off})  # type: ignore[list-item, typeddict-item]
    asked: dict[str, Any] = {"subscription": begun.id}
    if case.at is not None:
        sim.advance(to=case.at)
        change: dict[str, Any] = {"id": begun["items"]["data"][0]["id"]}
        change["price"] = priced(case.new_price) if case.new_price else item["price"]
        new = case.quantity if case.new_quantity is None else case.new_quantity
        change["quantity"] = quantity_of(case.new_price or case.price, new)
        details = {
            "items": [change],
            "proration_behavior": "always_invoice",
            "proration_date": int(case.at.timestamp()),
        }
        asked["subscription_details"] = details
    found = client.invoices.create_preview(asked)  # type: ignore[arg-type]
    return int(found.total)


def quantity_of(one: Price, quantity: int) -> int:
    """The quantity on the mirror: a flat price is there once."""
    return 1 if one.scheme is Scheme.FLAT else quantity
