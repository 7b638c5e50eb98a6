"""What customers do at Stripe in the demo: give a card, and have it refused for a while.

These calls stand for the payment page, where customers do it themselves; nothing here belongs to the pipeline.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from billing_pipeline.bootstrap import World
from billing_pipeline.demo.company import Customer
from billing_pipeline.domain.ids import IdempotencyKey
from billing_pipeline.domain.requests import post
from billing_pipeline.flows.ports import Json

THREADS: Final = 8
ALWAYS: Final = 999  # so many declines outlast the story
NEVER_ATTACHED: Final = ""


def give_cards(world: World, customers: Sequence[Customer], stripe_ids: dict[str, str]) -> dict[str, str]:
    """Account -> payment method, for everybody who gives one; each becomes the customer's default."""
    giving = [customer for customer in customers if customer.card.token != NEVER_ATTACHED]
    with ThreadPoolExecutor(THREADS) as pool:
        given = pool.map(lambda customer: _give(world, customer, stripe_ids[customer.account_id]), giving)
    return dict(given)


def start_declining(world: World, customer: Customer, payment_method: str) -> None:
    """From now on the card is refused, as often as the customer's story says."""
    times = customer.card.declines if customer.card.declines > 0 else ALWAYS
    metadata = {"sim_decline_code": customer.card.decline_code, "sim_decline_times": str(times)}
    _post(world, f"/v1/payment_methods/{payment_method}", {"metadata": metadata}, f"declining:{customer.account_id}")


def _give(world: World, customer: Customer, stripe_id: str) -> tuple[str, str]:
    account = customer.account_id
    path = f"/v1/payment_methods/{customer.card.token}/attach"
    method = str(_post(world, path, {"customer": stripe_id}, f"attach:{account}")["id"])
    default = {"invoice_settings": {"default_payment_method": method}}
    _post(world, f"/v1/customers/{stripe_id}", default, f"default:{account}")
    return account, method


def _post(world: World, path: str, params: dict[str, Any], key: str) -> Json:
    return world.gateway.send(post(path, params), IdempotencyKey(f"demo:{key}")).body
