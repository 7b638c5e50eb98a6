"""The account itself."""

from stripe_simulator.routes import Call, route
from stripe_simulator.wire import Json
from stripe_simulator.world import World


@route("get", "/v1/account", "AccountRetrieveCurrentParams")
def retrieve(world: World, call: Call) -> Json:
    """The account that the key belongs to."""
    return {
        "id": world.account.id,
        "object": "account",
        "business_profile": {"name": world.account.name, "url": "https://simulator.invalid"},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": world.account.country,
        "default_currency": world.account.currency,
        "details_submitted": True,
        "email": "owner@simulator.invalid",
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "branding": dict.fromkeys(("icon", "logo", "primary_color", "secondary_color")),
            "card_payments": {"statement_descriptor_prefix": world.account.descriptor},
            "dashboard": {"display_name": world.account.name, "timezone": "Etc/UTC"},
            "payments": {"statement_descriptor": world.account.descriptor},
            "payouts": {
                "debit_negative_balances": True,
                "schedule": {"delay_days": 2, "interval": world.account.payout_schedule},
                "statement_descriptor": None,
            },
        },
        "type": "standard",
    }
