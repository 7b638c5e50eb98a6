"""The made-up customers of the comparison, founded in a ledger and at Stripe: each is charged once, and refused."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final

from billing_pipeline import operations
from billing_pipeline.adapters.stores.demo_store import DemoStore
from billing_pipeline.bootstrap import World
from billing_pipeline.demo.cards import THREADS
from billing_pipeline.domain.dunning_model import AMOUNTS, Debtor, Window
from billing_pipeline.domain.ids import IdempotencyKey
from billing_pipeline.domain.requests import post
from billing_pipeline.flows.ports import Json

PLAN: Final = "yearly"
SPANS_PER_NOTE: Final = 20  # 24 characters each: one value of metadata holds 500
GOOD_CARD: Final = "pm_card_visa"
BROKEN_CARD_SAYS: Final = "generic_decline"


def found_debtors(world: World, debtors: Sequence[Debtor]) -> None:
    """Accounts with a yearly subscription each, so that nobody is charged twice, and cards that behave as drawn."""
    store = DemoStore(world.db)
    store.insert(
        {
            "legal_entities": [{"legal_entity_id": "us", "name": "Seller Inc.", "address": "1 Main St", "country": "US",
                                "tax_id": "94-1", "footer": ""}],
            "plans": [{"plan_id": PLAN, "name": "Yearly", "tier": "", "trial_days": 0}],
            "prices": [_price(minor) for minor in sorted(set(AMOUNTS))],
            "accounts": [_account(debtor) for debtor in debtors],
            "subscriptions": [_subscription(debtor) for debtor in debtors],
            "subscription_items": [_item(debtor) for debtor in debtors],
        }
    )  # fmt: skip
    operations.provision(world)
    ids = store.stripe_ids([debtor.name for debtor in debtors])
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda debtor: give_first_card(world, debtor, ids[debtor.name]), debtors))
    operations.follow_methods(world)


def give_first_card(world: World, debtor: Debtor, customer: str) -> None:
    """The card that is refused, with the spans in which it pays all the same."""
    notes = {"sim_decline_code": debtor.decline} | notes_of(debtor.pays_within)
    give_card(world, customer, f"first:{debtor.name}", notes)


def give_new_card(world: World, debtor: Debtor, customer: str) -> None:
    """The card that the network's updater brings; some of those do not work either."""
    notes = {} if debtor.new_card_works else {"sim_decline_code": BROKEN_CARD_SAYS}
    give_card(world, customer, f"new:{debtor.name}", notes)


def give_card(world: World, customer: str, key: str, notes: dict[str, str]) -> None:
    """Attach a card, make it behave, make it the one that is charged."""
    method = _post(world, f"/v1/payment_methods/{GOOD_CARD}/attach", {"customer": customer}, f"attach:{key}")["id"]
    if notes:
        _post(world, f"/v1/payment_methods/{method}", {"metadata": notes}, f"notes:{key}")
    default = {"invoice_settings": {"default_payment_method": method}}
    _post(world, f"/v1/customers/{customer}", default, f"default:{key}")


def notes_of(windows: Sequence[Window]) -> dict[str, str]:
    """The spans as metadata that the simulator reads, in as many notes as it takes."""
    told = [f"{start:%Y%m%dT%H}/{end:%Y%m%dT%H}" for start, end in windows]
    notes = [told[at : at + SPANS_PER_NOTE] for at in range(0, len(told), SPANS_PER_NOTE)]
    return {f"sim_pays_within_{number}": ",".join(note) for number, note in enumerate(notes, 1)}


def _price(minor: int) -> dict[str, Any]:
    return {"price_id": f"yearly-{minor}", "plan_id": PLAN, "currency": "usd", "scheme": "flat", "interval": "year",
            "interval_count": 1, "unit_minor": minor, "usage": "licensed"}  # fmt: skip


def _account(debtor: Debtor) -> dict[str, Any]:
    return {"account_id": debtor.name, "legal_entity_id": "us", "name": debtor.name.title(), "country": debtor.country,
            "email": f"{debtor.name}@example.com", "zone": debtor.zone, "currency": "usd", "segment": debtor.kind,
            "invoice_prefix": debtor.name.upper(), "created_at": _midnight(debtor)}  # fmt: skip


def _subscription(debtor: Debtor) -> dict[str, Any]:
    start = _midnight(debtor)
    return {"subscription_id": debtor.name, "account_id": debtor.name, "currency": "usd", "state": "active",
            "interval": "year", "anchor_on": start.date(), "started_at": start, "next_period_start": start}  # fmt: skip


def _item(debtor: Debtor) -> dict[str, Any]:
    return {"item_id": debtor.name, "subscription_id": debtor.name, "price_id": f"yearly-{debtor.amount_minor}",
            "quantity": 1, "valid_from": _midnight(debtor)}  # fmt: skip


def _midnight(debtor: Debtor) -> datetime:
    return debtor.charged_at.replace(hour=0, minute=0)


def _post(world: World, path: str, params: dict[str, Any], key: str) -> Json:
    return world.gateway.send(post(path, params), IdempotencyKey(f"debtors:{key}")).body
