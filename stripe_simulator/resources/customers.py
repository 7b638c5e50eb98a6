"""Customers, deleted ones too, and their balance transactions."""

from typing import Any, Final

from stripe_simulator.expand import included
from stripe_simulator.ids import digest
from stripe_simulator.listing import page
from stripe_simulator.resources.fields import copied, merged_metadata, with_metadata
from stripe_simulator.resources.tax_ids import add as add_tax_id
from stripe_simulator.routes import Call, route
from stripe_simulator.search import search
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import CLOCK_KIND, World

PLAIN: Final = ("address", "description", "email", "name", "phone", "preferred_locales", "shipping", "tax_exempt")
SETTINGS: Final[Json] = {
    "custom_fields": None,
    "default_payment_method": None,
    "footer": None,
    "rendering_options": None,
}


@route("post", "/v1/customers", "CustomerCreateParams")
def create(world: World, call: Call) -> Json:
    """The new customer."""
    name = world.ids.new("cus_")
    row: Json = {
        "id": name,
        "object": "customer",
        "address": None,
        "balance": call.get("balance", 0),
        "created": world.now(),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": call.get("invoice_prefix") or digest(name, chars=8).upper(),
        "invoice_settings": SETTINGS | {k: v or None for k, v in (call.get("invoice_settings") or {}).items()},
        "livemode": world.account.livemode,
        "metadata": merged_metadata({}, call.get("metadata")),
        "name": None,
        "next_invoice_sequence": call.get("next_invoice_sequence", 1),
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": call.get("test_clock"),
    } | copied(call, PLAIN)
    if clock := call.get("test_clock"):
        world.given(CLOCK_KIND, clock, "test_clock")
        world.on = clock
        row["created"] = world.now()
    world.store.add(row)
    if given := call.get("payment_method"):
        from stripe_simulator.resources.payment_methods import attach_to

        attach_to(world, given, row)
    _check_default(world, row, call)
    for given in call.get("tax_id_data") or []:
        add_tax_id(world, row, given["type"], given["value"])
    world.emit("customer.created", row)
    return row


def _check_default(world: World, row: Json, call: Call) -> None:
    wanted = (call.get("invoice_settings") or {}).get("default_payment_method")
    if not wanted:
        return
    method = world.given("payment_method", wanted, "invoice_settings[default_payment_method]")
    if method["customer"] != row["id"]:
        raise invalid(
            "The customer does not have a payment method with the ID "
            f"{wanted}. The payment method must be attached to the customer.",
            "invoice_settings[default_payment_method]",
            "resource_missing",
        )


@route("get", "/v1/customers/*", "CustomerRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """The customer; three fields and `deleted: true` when it was deleted."""
    return world.get("customer", call.ids[0])


@route("post", "/v1/customers/*", "CustomerUpdateParams")
def update(world: World, call: Call) -> Json:
    """The changed customer."""
    row = _alive(world, call.ids[0])
    _check_default(world, row, call)
    changes: Json = with_metadata(call, row, copied(call, (*PLAIN, "balance")))
    if settings := call.get("invoice_settings"):
        changes["invoice_settings"] = row["invoice_settings"] | {k: v or None for k, v in settings.items()}
    old_balance = row["balance"]
    world.change(row, "customer.updated", **changes)
    if "balance" in changes and changes["balance"] != old_balance:
        record_balance(world, row, changes["balance"] - old_balance, "adjustment", row["currency"] or "usd")
    return row


@route("delete", "/v1/customers/*", "CustomerDeleteParams")
def delete(world: World, call: Call) -> Json:
    """The tombstone. Subscriptions end at once and payment methods are detached."""
    bury(world, _alive(world, call.ids[0]))
    return world.get("customer", call.ids[0])


def bury(world: World, row: Json) -> None:
    """Nothing; the customer is deleted and only its id remains."""
    from stripe_simulator.resources.payment_methods import detach_from
    from stripe_simulator.resources.subscriptions import cancel_all_of

    cancel_all_of(world, row)
    for method in list(world.store.table("payment_method").newest("customer", row["id"])):
        detach_from(world, method)
    world.emit("customer.deleted", row)
    world.store.replace({"id": row["id"], "object": "customer", "deleted": True})


def _alive(world: World, name: str) -> Json:
    row = world.get("customer", name)
    if row.get("deleted"):
        raise invalid(f"No such customer: '{name}'", "id", "resource_missing", 404)
    return row


@route("get", "/v1/customers", "CustomerListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of customers that are not deleted; those on a test clock only when that clock is named."""
    clock, email = call.get("test_clock"), call.get("email")

    def keep(row: Json) -> bool:
        return not row.get("deleted") and row.get("test_clock") == clock

    return page(world, "customer", call.params, "/v1/customers", ("email", [email]) if email else None, keep)


@route("get", "/v1/customers/search", "CustomerSearchParams")
def find_customers(world: World, call: Call) -> Json:
    """One page of customers that match the query."""
    return search(world, "customer", call.params, "/v1/customers/search")


@route("get", "/v1/customers/*/payment_methods", "CustomerPaymentMethodListParams")
def payment_methods(world: World, call: Call) -> Json:
    """A page of the customer's payment methods."""
    row, wanted = _alive(world, call.ids[0]), call.get("type")
    url = f"/v1/customers/{row['id']}/payment_methods"
    keep = (lambda r: r["type"] == wanted) if wanted else None
    return page(world, "payment_method", call.params, url, ("customer", [row["id"]]), keep)


@route("get", "/v1/customers/*/payment_methods/*", "CustomerPaymentMethodRetrieveParams")
def payment_method(world: World, call: Call) -> Json:
    """One payment method of the customer."""
    method = world.get("payment_method", call.ids[1])
    if method["customer"] != call.ids[0]:
        raise invalid(f"No such payment_method: '{call.ids[1]}'", "payment_method", "resource_missing", 404)
    return method


def record_balance(world: World, customer: Json, amount: int, kind: str, currency: str, **links: Any) -> Json:
    """The customer balance transaction; the customer's balance is already at its new value."""
    return world.add(
        {
            "id": world.ids.new("cbtxn_"),
            "object": "customer_balance_transaction",
            "amount": amount,
            "created": world.now(),
            "credit_note": links.get("credit_note"),
            "checkout_session": None,
            "currency": currency,
            "customer": customer["id"],
            "customer_account": None,
            "description": links.get("description"),
            "ending_balance": customer["balance"],
            "invoice": links.get("invoice"),
            "livemode": world.account.livemode,
            "metadata": links.get("metadata") or {},
            "type": kind,
        }
    )


@route("post", "/v1/customers/*/balance_transactions", "CustomerBalanceTransactionCreateParams")
def adjust_balance(world: World, call: Call) -> Json:
    """The new adjustment; a negative amount is credit for the customer."""
    row = _alive(world, call.ids[0])
    world.change(row, "customer.updated", balance=row["balance"] + call["amount"])
    metadata = merged_metadata({}, call.get("metadata"))
    links = {"description": call.get("description"), "metadata": metadata}
    return record_balance(world, row, call["amount"], "adjustment", call["currency"].lower(), **links)


@route("get", "/v1/customers/*/balance_transactions", "CustomerBalanceTransactionListParams")
def balance_transactions(world: World, call: Call) -> Json:
    """A page of the customer's balance transactions."""
    url = f"/v1/customers/{call.ids[0]}/balance_transactions"
    return page(world, "customer_balance_transaction", call.params, url, ("customer", [call.ids[0]]))


@included("customer", "subscriptions")
def _subscriptions(world: World, row: Json) -> Json:
    from stripe_simulator.render import public

    found = world.store.table("subscription").newest("customer", row["id"])
    data = [public(s) for s in found if s["status"] not in ("canceled", "incomplete_expired")]
    return {"object": "list", "data": data, "has_more": False, "url": f"/v1/customers/{row['id']}/subscriptions"}


@included("customer", "sources")
def _sources(world: World, row: Json) -> Json:
    return {"object": "list", "data": [], "has_more": False, "url": f"/v1/customers/{row['id']}/sources"}


@included("customer", "invoice_credit_balance")
def _credit(world: World, row: Json) -> Json:
    return {row["currency"]: -row["balance"]} if row["currency"] and row["balance"] else {}
