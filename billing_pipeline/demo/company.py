"""Who the demo company's customers are: drawn from a seed, the same every time.

Shares are made up but of the field's usual size: most cards work, some decline for a while, a few for good.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final

ADJECTIVES: Final = (
    "Amber Arctic Atlas Aurora Azure Birch Blue Bright Cedar Cobalt Copper Coral Crystal Delta Ember Falcon Fern "
    "Golden Granite Harbor Hazel Indigo Ivory Jade Juniper Linden Lunar Maple Meadow Mint Nordic Olive Onyx Opal "
    "Pine Polar Quartz Raven River Sable"
).split()
NOUNS: Final = (
    "Analytics Apps Bakery Bikes Books Clinic Coffee Consulting Data Design Dental Energy Events Farms Films "
    "Fitness Foods Games Garden Health Homes Hotels Labs Legal Logistics Media Motors Music Optics Outdoor Parts "
    "Pets Press Robotics Sports Studio Supply Tours Toys Works"
).split()

COUNTRIES: Final = {"usd": ("US", "US", "US", "CA"), "eur": ("DE", "DE", "FR", "NL"), "jpy": ("JP",)}
ENTITY: Final = {"usd": "us", "eur": "de", "jpy": "jp"}
ZONES: Final = {"US": "America/New_York", "CA": "America/Toronto", "DE": "Europe/Berlin", "FR": "Europe/Paris",
                "NL": "Europe/Amsterdam", "JP": "Asia/Tokyo"}  # fmt: skip
LOCALES: Final = {"DE": "de", "FR": "fr", "JP": "ja"}
TAX: Final = {"DE": "vat-de-19", "FR": "vat-fr-20", "JP": "jct-10"}


@dataclass(frozen=True, slots=True)
class Card:
    """How the customer pays. token: Stripe's test method. declines: how often it says no; -1: always."""

    token: str
    decline_code: str = ""
    declines: int = 0


CARDS: Final = (
    (60, Card("pm_card_visa")),
    (22, Card("pm_card_mastercard")),
    (5, Card("pm_card_visa", "insufficient_funds", 1)),
    (3, Card("pm_card_mastercard", "insufficient_funds", 3)),
    (2, Card("pm_card_visa", "generic_decline", 2)),
    (2, Card("pm_card_visa", "insufficient_funds", -1)),
    (2, Card("pm_card_visa", "lost_card", -1)),
    (1, Card("pm_card_visa", "expired_card", -1)),
    (2, Card("pm_card_authenticationRequired")),
    (1, Card("")),
)
"""Weights and cards; '' is a customer who never gave one."""


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer of the demo company and what happens to the subscription, day by day of the story."""

    number: int
    account_id: str
    name: str
    currency: str
    country: str
    segment: str
    tax_status: str
    net_terms: bool
    card: Card
    card_fails_from: date | None  # before it the card works
    plan: str
    interval: str
    seats: int
    joined: datetime
    trial: bool
    coupon: str
    credit_minor: int
    calls_per_day: int
    grows_on: date | None
    shrinks_on: date | None
    upgrades_on: date | None
    leaves_on: date | None

    @property
    def subscription_id(self) -> str:
        """The one subscription of this customer."""
        return f"{self.account_id}-sub"


def customers(count: int, first: date, last: date, seed: int) -> Iterator[Customer]:
    """That many customers whose story lies within first..last; six of ten joined before it."""
    draw = Random(seed)
    names = [f"{adjective} {noun}" for noun in NOUNS for adjective in ADJECTIVES]
    draw.shuffle(names)
    for number in range(count):
        name = names[number % len(names)] + (f" {number // len(names) + 1}" if number >= len(names) else "")
        yield _customer(number, name, draw, first, last)


def _customer(number: int, name: str, draw: Random, first: date, last: date) -> Customer:
    days = (last - first).days
    currency = draw.choices(("usd", "eur", "jpy"), (55, 33, 12))[0]
    country = draw.choice(COUNTRIES[currency])
    business = draw.random() < 0.8
    plan = draw.choices(("starter", "team", "business", "scale"), (40, 32, 18, 10))[0]
    settled = draw.random() < 0.6
    joined = first - timedelta(days=draw.randrange(1, 330)) if settled else first + timedelta(days=draw.randrange(days))

    def someday(share: float) -> date | None:
        chosen, offset = draw.random() < share, draw.randrange(days)
        day = first + timedelta(days=offset)
        return day if chosen and day > joined + timedelta(days=20) else None

    return Customer(
        number=number,
        account_id=name.lower().replace(" ", "-"),
        name=name,
        currency=currency,
        country=country,
        segment="business" if business else "consumer",
        tax_status="reverse_charge" if country in ("FR", "NL") and business else "taxable",
        net_terms=business and plan in ("business", "scale") and draw.random() < 0.15,
        card=draw.choices([card for _, card in CARDS], [weight for weight, _ in CARDS])[0],
        card_fails_from=first + timedelta(days=draw.randrange(days)),
        plan=plan,
        interval="year" if plan != "scale" and draw.random() < 0.15 else "month",
        seats={"starter": 1, "team": draw.randrange(2, 15), "business": draw.randrange(5, 60)}.get(plan, 30),
        joined=datetime.combine(joined, time(), UTC),
        trial=not settled and plan in ("starter", "team") and draw.random() < 0.5,
        coupon=draw.choices(("", "welcome-25", "partner-10"), (82, 12, 6))[0],
        credit_minor=draw.choice((500, 1000, 2500)) if draw.random() < 0.08 else 0,
        calls_per_day=draw.randrange(500, 20_000) if plan == "scale" else 0,
        grows_on=someday(0.15) if plan in ("team", "business") else None,
        shrinks_on=someday(0.06) if plan in ("team", "business") else None,
        upgrades_on=someday(0.06) if plan == "starter" else None,
        leaves_on=someday(0.08),
    )
