"""The balance and its transactions: every movement of money, its fee, and the day it becomes available."""

from typing import Any, Final

from stripe_simulator.listing import page
from stripe_simulator.routes import Call, route, timed
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

DAY: Final = 86_400
AVAILABLE_AFTER_DAYS: Final = 2
BOOKS: Final = "_books"  # one row: pending and available minor units per currency
CATEGORY: Final = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_failure",
    "payment_failure_refund": "charge_failure",
    "payout": "payout",
    "payout_failure": "payout_reversal",
    "payout_cancel": "payout_reversal",
    "stripe_fee": "fee",
}


def open_books(world: World) -> None:
    """Nothing; the account has a balance of zero."""
    world.store.add({"id": BOOKS, "object": BOOKS, "created": world.now(), "pending": {}, "available": {}})


def processing_fee(amount: int, currency: str) -> int:
    """What Stripe keeps of a charge: 3.6 % in yen, 2.9 % + 30 minor units elsewhere; half a unit rounds up."""
    if currency == "jpy":
        return (amount * 36 + 500) // 1000
    return (amount * 29 + 500) // 1000 + 30


def book(world: World, kind: str, amount: int, currency: str, source: str | None, **more: Any) -> Json:
    """The new balance transaction. more: fee, description, category, delay_days (0: available at once)."""
    fee, now = more.get("fee", 0), world.clock.seconds
    delay = more.get("delay_days", AVAILABLE_AFTER_DAYS)
    due = now if delay == 0 else (now // DAY + delay) * DAY
    details = [_fee_line(fee, currency, kind)] if fee else []
    row: Json = {
        "id": world.ids.new("txn_"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": due,
        "balance_type": "payments",
        "created": now,
        "currency": currency,
        "description": more.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": details,
        "net": amount - fee,
        "reporting_category": more.get("category") or CATEGORY[kind],
        "source": source,
        "status": "pending" if due > now else "available",
        "type": kind,
        HIDDEN: {"due": due if due > now else None, "pool": None, "payout": None},
    }
    world.store.add(row)
    _count(world, currency, row["net"], "pending" if due > now else "available")
    if due <= now:
        world.hide(row, pool=more.get("pool", currency))
    elif not world.store.table("_due").rows.get(str(due)):
        world.store.add({"id": str(due), "object": "_due", "created": now})
        world.timers.add(due, "balance.available", str(due), "")
    return row


def change_fee(world: World, row: Json, fee: int) -> None:
    """Nothing; the movement costs another fee than it said. Raises Refused below zero and once it was paid out."""
    if payout := row[HIDDEN]["payout"]:
        raise invalid(f"{row['id']} was paid out with {payout} and cannot change", "charge_id")
    if not 0 <= fee <= row["amount"]:
        raise invalid(f"a fee of {fee} does not fit {row['id']}: it lies between 0 and {row['amount']}", "delta")
    details = [_fee_line(fee, row["currency"], row["type"])] if fee else []
    _count(world, row["currency"], row["fee"] - fee, "pending" if row["status"] == "pending" else "available")
    world.store.change(row, {"fee": fee, "net": row["amount"] - fee, "fee_details": details})


def _fee_line(fee: int, currency: str, kind: str) -> Json:
    text = "Dispute fee" if kind == "adjustment" else "Stripe processing fees"
    return {"amount": fee, "application": None, "currency": currency, "description": text, "type": "stripe_fee"}


def _count(world: World, currency: str, amount: int, column: str) -> None:
    books = world.store.table(BOOKS).rows[BOOKS]
    world.store.change(books, {column: books[column] | {currency: books[column].get(currency, 0) + amount}})


@timed("balance.available")
def make_available(world: World, due: str) -> None:
    """Nothing; what was pending until `due` can be paid out, and automatic payouts are made."""
    from stripe_simulator.resources.payouts import pay_out_all

    rows = list(world.store.table("balance_transaction").oldest("_due", int(due)))
    moved: dict[str, int] = {}
    for row in rows:
        world.store.change(row, {"status": "available"})
        world.hide(row, due=None, pool=row["currency"])
        moved[row["currency"]] = moved.get(row["currency"], 0) + row["net"]
    for currency, net in moved.items():
        _count(world, currency, -net, "pending")
        _count(world, currency, net, "available")
    world.store.remove("_due", due)
    if rows:
        world.emit("balance.available", balance(world))
    if world.account.payout_schedule == "daily":
        pay_out_all(world)


def balance(world: World) -> Json:
    """The balance object of this moment."""
    books = world.store.table(BOOKS).rows[BOOKS]
    currencies = sorted({world.account.currency, *books["pending"], *books["available"]})

    def column(name: str) -> list[Json]:
        return [_share(books[name].get(c, 0), c) for c in currencies]

    return {
        "object": "balance",
        "available": column("available"),
        "livemode": world.account.livemode,
        "pending": column("pending"),
    }


def _share(amount: int, currency: str) -> Json:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}


@route("get", "/v1/balance", "BalanceRetrieveParams")
def retrieve_balance(world: World, call: Call) -> Json:
    """The balance, per currency."""
    return balance(world)


@route("get", "/v1/balance_transactions/*", "BalanceTransactionRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One balance transaction."""
    return world.get("balance_transaction", call.ids[0])


@route("get", "/v1/balance_transactions", "BalanceTransactionListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of balance transactions; `payout` works for automatic payouts only."""
    by = None
    for name, field in (("payout", "_payout"), ("source", "source"), ("type", "type")):
        if name in call.params:
            by = (field, [call[name]])
            break
    if "payout" in call.params:
        world.given("payout", call["payout"], "payout")
    wanted = {k: call[k] for k in ("source", "type", "currency") if k in call.params}

    def keep(row: Json) -> bool:
        return all(row[k] == v for k, v in wanted.items())

    return page(world, "balance_transaction", call.params, "/v1/balance_transactions", by, keep)
