"""Short ways to say what many tests begin with."""

from typing import Any

import stripe

from stripe_simulator import Simulator

CARD_ONLY: dict[str, Any] = {"allowed_payment_method_types": ["card"]}


def payer(client: stripe.StripeClient, card: str = "pm_card_visa", **customer: Any) -> tuple[str, str]:
    """A new customer and the payment method attached to it."""
    made = client.v1.customers.create({"email": "ada@example.com", **customer})
    method = client.v1.payment_methods.attach(card, {"customer": made.id})
    client.v1.customers.update(made.id, {"invoice_settings": {"default_payment_method": method.id}})
    return made.id, method.id


def charge(
    client: stripe.StripeClient, customer: str, method: str, amount: int = 4900, key: str | None = None, **more: Any
) -> stripe.PaymentIntent:
    """One off-session payment, created and confirmed in one call."""
    params: Any = {
        "amount": amount, "currency": "usd", "customer": customer, "payment_method": method,
        "confirm": True, "off_session": True, **more,
    }  # fmt: skip
    return client.v1.payment_intents.create(params, {"idempotency_key": key} if key else {})


def told(sim: Simulator, about: str = "") -> list[str]:
    """The types of all events (about one object), oldest first."""
    events = sim.objects("event")
    return [e["type"] for e in events if not about or e["data"]["object"].get("id") == about]
