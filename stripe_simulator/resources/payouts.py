"""Payouts: automatic every day or made by hand; paid two days later, and sometimes failed after that."""

from typing import Any, Final

from stripe_simulator.ids import digest
from stripe_simulator.listing import created_range, page
from stripe_simulator.resources.balances import BOOKS, DAY, book
from stripe_simulator.resources.fields import currency_of, merged_metadata, with_metadata
from stripe_simulator.routes import Call, route, timed
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

ARRIVES_AFTER_DAYS: Final = 2
RECONCILED_AFTER_SECONDS: Final = 3_600
LEAVES_AFTER_SECONDS: Final = 60
BLANK: Final[Json] = {
    "object": "payout",
    "application_fee": None,
    "application_fee_amount": None,
    "destination": "ba_simulated_bank_account",
    "failure_balance_transaction": None,
    "failure_code": None,
    "failure_message": None,
    "original_payout": None,
    "payout_method": None,
    "reversed_by": None,
    "source_type": "card",
    "status": "pending",
    "trace_id": {"status": "pending", "value": None},
    "type": "bank_account",
}


def pay_out_all(world: World) -> None:
    """Nothing; everything available leaves in one automatic payout per currency. Negative balances wait."""
    table = world.store.table("balance_transaction")
    for currency in [c for c in table.by["_pool"] if c]:
        rows = list(table.oldest("_pool", currency))
        net = sum(row["net"] for row in rows)
        if net > 0:
            payout = new_payout(world, net, currency, automatic=True, reconciliation="in_progress")
            for row in rows:
                world.hide(row, pool=None, payout=payout["id"])


def new_payout(world: World, amount: int, currency: str, *, automatic: bool, reconciliation: str, **more: Any) -> Json:
    """The pending payout; its own balance transaction takes the money out of the balance."""
    name = world.ids.new("po_")
    own = book(world, "payout", -amount, currency, name, description="STRIPE PAYOUT", delay_days=0, pool=None)
    if automatic:
        world.hide(own, payout=name)
    row: Json = BLANK | {
        "id": name,
        "amount": amount,
        "arrival_date": (world.clock.seconds // DAY + ARRIVES_AFTER_DAYS) * DAY,
        "automatic": automatic,
        "balance_transaction": own["id"],
        "created": world.clock.seconds,
        "currency": currency,
        "description": more.get("description") or "STRIPE PAYOUT",
        "livemode": world.account.livemode,
        "metadata": more.get("metadata") or {},
        "method": more.get("method") or "standard",
        "reconciliation_status": reconciliation,
        "statement_descriptor": more.get("statement_descriptor"),
    }
    world.add(row, "payout.created")
    world.timers.add(world.clock.seconds + LEAVES_AFTER_SECONDS, "payout.leave", name, "")
    world.timers.add(row["arrival_date"], "payout.arrive", name, "")
    if automatic:
        world.timers.add(world.clock.seconds + RECONCILED_AFTER_SECONDS, "payout.reconcile", name, "")
    return row


@timed("payout.leave")
def leave(world: World, name: str) -> None:
    """Nothing; a pending payout is on its way to the bank."""
    row = world.get("payout", name)
    if row["status"] == "pending":
        trace = {"status": "supported", "value": digest("trace", name, chars=12).upper()}
        world.change(row, "payout.updated", status="in_transit", trace_id=trace)


@timed("payout.arrive")
def arrive(world: World, name: str) -> None:
    """Nothing; a payout in transit is paid."""
    row = world.get("payout", name)
    if row["status"] in ("pending", "in_transit"):
        previous = world.change(row, status="paid")
        world.emit("payout.paid", row, previous)
        world.emit("payout.updated", row, previous)


@timed("payout.reconcile")
def reconcile(world: World, name: str) -> None:
    """Nothing; the payout's transactions are known."""
    row = world.get("payout", name)
    world.change(row, reconciliation_status="completed")
    world.emit("payout.reconciliation_completed", row)


def fail(world: World, row: Json, code: str = "account_closed") -> None:
    """Nothing; the payout failed, even if it said paid before, and the money is back in the balance."""
    back = book(
        world, "payout_failure", row["amount"], row["currency"], row["id"], description="REFUND FOR FAILED PAYOUT",
        delay_days=0,
    )  # fmt: skip
    previous = world.change(
        row,
        status="failed",
        failure_code=code,
        failure_message="The bank account has been closed.",
        failure_balance_transaction=back["id"],
    )
    world.emit("payout.failed", row, previous)
    world.emit("payout.updated", row, previous)


@route("post", "/v1/payouts", "PayoutCreateParams")
def create(world: World, call: Call) -> Json:
    """The new manual payout. Stripe cannot say which transactions it holds."""
    currency = currency_of(call["currency"])
    available = world.store.table(BOOKS).rows[BOOKS]["available"].get(currency, 0)
    if call["amount"] < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    if call["amount"] > available:
        raise invalid("You have insufficient funds in your Stripe account.", None, "balance_insufficient")
    more = {k: call.get(k) for k in ("description", "method", "statement_descriptor")}
    more["metadata"] = merged_metadata({}, call.get("metadata"))
    return new_payout(world, call["amount"], currency, automatic=False, reconciliation="not_applicable", **more)


@route("post", "/v1/payouts/*/cancel", "PayoutCancelParams")
def cancel(world: World, call: Call) -> Json:
    """The canceled payout; only a pending manual one can be canceled."""
    row = world.get("payout", call.ids[0])
    if row["status"] != "pending" or row["automatic"]:
        raise invalid("Only pending manual payouts can be canceled.", None, "payout_not_cancelable")
    back = book(world, "payout_cancel", row["amount"], row["currency"], row["id"], delay_days=0)
    previous = world.change(row, status="canceled", failure_balance_transaction=back["id"])
    world.emit("payout.canceled", row, previous)
    return row


@route("post", "/v1/payouts/*", "PayoutUpdateParams")
def update(world: World, call: Call) -> Json:
    """The payout with changed metadata."""
    row = world.get("payout", call.ids[0])
    world.change(row, "payout.updated", **with_metadata(call, row, {}))
    return row


@route("get", "/v1/payouts/*", "PayoutRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One payout."""
    return world.get("payout", call.ids[0])


@route("get", "/v1/payouts", "PayoutListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of payouts."""
    first, last = created_range(call.get("arrival_date"))

    def keep(row: Json) -> bool:
        return bool(first <= row["arrival_date"] <= last and row["status"] == call.get("status", row["status"]))

    return page(world, "payout", call.params, "/v1/payouts", None, keep)
