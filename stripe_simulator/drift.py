"""Changes made behind the caller's back: what an owner does in the dashboard, and what banks do on their own."""

from typing import TYPE_CHECKING

from stripe_simulator.resources import balances, cycles, disputes, invoicing, payments, payouts, refunds, subscriptions
from stripe_simulator.resources.customers import bury
from stripe_simulator.resources.payment_intents import cancel_intent, new_intent
from stripe_simulator.resources.payment_methods import usable
from stripe_simulator.wire import Json, Refused, invalid

if TYPE_CHECKING:
    from stripe_simulator.simulator import Simulator


class Drift:
    """Each method makes one change that no API call of the account asked for, with its events. Raises Refused."""

    def __init__(self, simulator: "Simulator") -> None:
        self.simulator = simulator

    def refund(self, charge_id: str, amount: int | None = None) -> Json:
        """A refund made in the dashboard. amount: minor units; None refunds all that is left."""
        world = self.simulator.world
        return refunds.refund_charge(world, world.get("charge", charge_id), amount)

    def fail_refund(self, refund_id: str) -> None:
        """Nothing; the refund failed after it succeeded."""
        refunds.fail(self.simulator.world, refund_id)

    def dispute(self, charge_id: str) -> None:
        """Nothing; the cardholder disputes the charge."""
        disputes.open_dispute(self.simulator.world, charge_id)

    def close_dispute(self, dispute_id: str, won: bool = False) -> None:
        """Nothing; the issuer decided."""
        world = self.simulator.world
        disputes.close(world, world.get("dispute", dispute_id), "won" if won else "lost")

    def delete_customer(self, customer_id: str) -> None:
        """Nothing; somebody deleted the customer."""
        world = self.simulator.world
        bury(world, world.get("customer", customer_id))

    def orphan_payment_intent(
        self, customer: str, amount: int, currency: str, metadata: Json | None = None, method: str = "pm_card_visa"
    ) -> Json:
        """A payment that nobody on our side knows: created and, if the card pays, succeeded. amount: minor units."""
        world = self.simulator.world
        intent = new_intent(world, amount, currency, customer, metadata=metadata or {})
        try:
            payments.attempt(world, intent, usable(world, method), off_session=True)
        except Refused:
            return intent
        return intent

    def cancel_payment_intent(self, intent_id: str) -> None:
        """Nothing; somebody canceled the intent by hand."""
        world = self.simulator.world
        cancel_intent(world, world.get("payment_intent", intent_id), "requested_by_customer")

    def change_amount(self, intent_id: str, delta: int = 100) -> Json:
        """The intent and its charge with amounts that differ from what was asked, and no event about it."""
        world = self.simulator.world
        intent = world.get("payment_intent", intent_id)
        names = ("amount", "amount_received") if intent["status"] == "succeeded" else ("amount",)
        world.store.change(intent, {name: intent[name] + delta for name in names})
        if charge := world.store.find("charge", intent["latest_charge"] or ""):
            names = ("amount", "amount_captured") if charge["captured"] else ("amount",)
            world.store.change(charge, {name: charge[name] + delta for name in names})
        return intent

    def change_fee(self, charge_id: str, delta: int = 100) -> Json:
        """The charge's balance transaction with a fee that differs from what it said, and no event about it.

        delta: minor units; minus the whole fee withholds it. What was paid out already cannot change.
        """
        world = self.simulator.world
        charge = world.get("charge", charge_id)
        if charge["balance_transaction"] is None:
            raise invalid(f"{charge_id} has no balance transaction yet: advance the clock", "charge_id")
        row = world.get("balance_transaction", charge["balance_transaction"])
        balances.change_fee(world, row, row["fee"] + delta)
        return row

    def fail_payout(self, payout_id: str) -> None:
        """Nothing; the payout failed, even after it said paid."""
        world = self.simulator.world
        payouts.fail(world, world.get("payout", payout_id))

    def void_invoice(self, invoice_id: str) -> None:
        """Nothing; somebody voided the invoice by hand."""
        world = self.simulator.world
        invoicing.void(world, world.get("invoice", invoice_id))

    def cancel_subscription(self, subscription_id: str) -> None:
        """Nothing; somebody canceled the subscription in the dashboard."""
        world = self.simulator.world
        row = subscriptions.alive(world, subscription_id)
        cycles.end(world, row, "canceled", "cancellation_requested")

    def lose_event(self, event_type: str = "", object_id: str = "") -> int:
        """How many events were lost for good: all of the type about the object (empty matches all)."""
        table = self.simulator.world.store.table("event")
        lost = [
            row["id"]
            for row in table.newest()
            if event_type in ("", row["type"]) and (not object_id or f'"{object_id}"' in row["_"]["body"])
        ]
        for name in lost:
            self.simulator.world.store.remove("event", name)
        return len(lost)
