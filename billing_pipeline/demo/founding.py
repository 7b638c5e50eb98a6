"""The demo company's rows: its price list at the start, then every customer on the day of joining."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from billing_pipeline.adapters.stores.demo_store import DemoStore
from billing_pipeline.demo import catalogue
from billing_pipeline.demo.company import ENTITY, LOCALES, TAX, ZONES, Customer
from billing_pipeline.domain.periods import Cycle, Interval, boundary, number_at, period_at

TRIAL: Final = timedelta(days=14)
NET_TERMS_DAYS: Final = 14
UPGRADE_TO: Final = "team"  # what a growing Starter customer buys
UPGRADE_SEATS: Final = 3


def found_company(store: DemoStore) -> None:
    """The sellers, tax rates, plans, prices and coupons."""
    prices, tiers = catalogue.prices()
    store.insert(
        {
            "legal_entities": catalogue.ENTITIES,
            "tax_rates": catalogue.TAX_RATES,
            "plans": catalogue.PLANS,
            "prices": prices,
            "price_tiers": tiers,
            "coupons": catalogue.COUPONS,
        }
    )


def sign_up(store: DemoStore, joining: Sequence[Customer], first: datetime) -> None:
    """The rows of customers who join: account, subscription, items and coupon.

    first: where the story begins. Who joined before it is billed from the next boundary on.
    """
    store.insert(
        {
            "accounts": [_account(customer) for customer in joining],
            "subscriptions": [_subscription(customer, first) for customer in joining],
            "subscription_items": [item for customer in joining for item in _items(customer)],
            "subscription_discounts": list(_discounts(joining)),
        }
    )


def _account(customer: Customer) -> dict[str, Any]:
    letters = "".join(word[:3] for word in customer.name.split()).upper()
    return {
        "account_id": customer.account_id,
        "legal_entity_id": ENTITY[customer.currency],
        "name": customer.name,
        "email": f"billing@{customer.account_id}.example",
        "country": customer.country,
        "locale": LOCALES.get(customer.country, "en"),
        "zone": ZONES[customer.country],
        "currency": customer.currency,
        "segment": customer.segment,
        "tax_status": customer.tax_status,
        "tax_id": f"{customer.country}{100_000_000 + customer.number}"
        if customer.tax_status == "reverse_charge"
        else "",
        "tax_rate_id": TAX.get(customer.country) if customer.tax_status == "taxable" else None,
        "collection_method": "net_terms" if customer.net_terms else "automatic",
        "net_terms_days": NET_TERMS_DAYS if customer.net_terms else 0,
        "invoice_prefix": f"{letters}{customer.number:03d}",
        "created_at": customer.joined,
    }


def cycle_of(customer: Customer) -> Cycle:
    """The customer's billing cycle: from the day of joining, or from the end of the trial."""
    starts = customer.joined + TRIAL if customer.trial else customer.joined
    return Cycle(starts.date(), "UTC", Interval(customer.interval))


def _subscription(customer: Customer, first: datetime) -> dict[str, Any]:
    cycle = cycle_of(customer)
    trial_end = boundary(cycle, 0) if customer.trial else None
    due = trial_end or customer.joined
    if due < first:
        due = first if period_at(cycle, first).start == first else boundary(cycle, number_at(cycle, first) + 1)
    return {
        "subscription_id": customer.subscription_id,
        "account_id": customer.account_id,
        "currency": customer.currency,
        "state": "trialing" if customer.trial else "active",
        "interval": customer.interval,
        "anchor_on": cycle.anchor_on,
        "started_at": customer.joined,
        "trial_end": trial_end,
        "next_period_start": due,
    }


def _items(customer: Customer) -> Iterable[dict[str, Any]]:
    bought = [(f"{customer.plan}-{customer.interval}-{customer.currency}", customer.seats)]
    if customer.calls_per_day:
        bought.append((f"api-calls-month-{customer.currency}", 1))
    for number, (price_id, quantity) in enumerate(bought, start=1):
        yield {
            "item_id": f"{customer.subscription_id}-{number}",
            "subscription_id": customer.subscription_id,
            "price_id": price_id,
            "quantity": quantity,
            "valid_from": customer.joined,
        }


def _discounts(joining: Sequence[Customer]) -> Iterable[dict[str, Any]]:
    for customer in joining:
        if customer.coupon:
            yield {
                "subscription_id": customer.subscription_id,
                "coupon_id": customer.coupon,
                "started_at": customer.joined,
            }
