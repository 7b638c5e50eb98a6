"""Invoice items: what waits for the next invoice, or sits on a draft."""

from typing import Any, Final

from stripe_simulator.amounts import plain
from stripe_simulator.listing import page
from stripe_simulator.resources import invoicing
from stripe_simulator.resources.fields import bounded, copied, currency_of, merged_metadata, owner, with_metadata
from stripe_simulator.resources.lines import item_parent, line, pricing
from stripe_simulator.resources.prices import parts
from stripe_simulator.resources.tax_rates import rates
from stripe_simulator.routes import Call, route
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

PLAIN: Final = ("description", "discountable")


def new_item(world: World, customer: str, amount: int, currency: str, **more: Any) -> Json:
    """The stored item, pending on a customer or subscription until an invoice takes it. more: any attribute."""
    quantity = more.get("quantity", 1)
    bounded(amount)
    row: Json = {
        "id": world.ids.new("ii_"),
        "object": "invoiceitem",
        "amount": amount,
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "date": world.now(),
        "description": None,
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": world.account.livemode,
        "metadata": {},
        "net_amount": amount,
        "parent": None,
        "period": {"start": world.now(), "end": world.now()},
        "pricing": None,
        "proration": False,
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "tax_rates": [],
        "test_clock": None,
        HIDDEN: {"pending": more.pop("waits_for", customer), "line": more.pop("line_parent", None)},
    }
    return world.add(row | more, "invoiceitem.created")


@route("post", "/v1/invoiceitems", "InvoiceItemCreateParams")
def create(world: World, call: Call) -> Json:
    """The new item, pending or on the named draft."""
    customer = owner(world, call)
    amount, currency, more = _priced(world, call)
    more |= copied(call, PLAIN) | {"metadata": merged_metadata({}, call.get("metadata"))}
    more["tax_rates"] = rates(world, call.get("tax_rates"), "tax_rates")
    more["test_clock"] = customer["test_clock"]
    if period := call.get("period"):
        more["period"] = period
    if amount < 0:
        more.setdefault("discountable", False)
    if "subscription" in call.params:
        more["waits_for"] = world.given("subscription", call["subscription"], "subscription")["id"]
    item = new_item(world, customer["id"], amount, currency, **more)
    if "invoice" in call.params:
        invoice = world.given("invoice", call["invoice"], "invoice")
        if invoice["status"] != "draft":
            raise invalid("Items can be added to draft invoices only.", "invoice", "invoice_not_editable")
        _join(world, invoice, [item])
    return item


def _priced(world: World, call: Call) -> tuple[int, str, Json]:
    quantity = call.get("quantity", 1)
    if name := (call.get("pricing") or {}).get("price"):
        price = world.given("price", name, "pricing[price]")
        product = world.get("product", price["product"])
        amount = sum(a for _, a, _ in parts(price, quantity))
        more = {"quantity": quantity, "pricing": pricing(price), "description": product["name"]}
        return amount, price["currency"], more
    if "unit_amount_decimal" in call.params:
        amount = round(call["unit_amount_decimal"] * quantity)
    elif "amount" in call.params:
        amount = call["amount"]
    else:
        raise invalid("One of amount, pricing or unit_amount_decimal is needed.", "amount", "parameter_missing")
    return amount, currency_of(call.get("currency") or world.account.currency), {"quantity": quantity}


def attach_pending(world: World, invoice: Json, *waiting_for: str) -> None:
    """Nothing; everything that waits for the customer or subscription is on the draft."""
    table = world.store.table("invoiceitem")
    items = [i for name in waiting_for for i in table.oldest("_pending", name) if i["currency"] == invoice["currency"]]
    if items:
        _join(world, invoice, items)


def _join(world: World, invoice: Json, items: list[Json]) -> None:
    lines = list(invoice["lines"]["data"])
    known = dict(invoice[HIDDEN]["rates"])
    for item in items:
        lines.append(_line(world, item))
        if item["tax_rates"]:
            known[lines[-1]["id"]] = [r["id"] for r in item["tax_rates"]]
        world.change(item, invoice=invoice["id"])
        world.hide(item, pending=None)
    world.hide(invoice, rates=known)
    invoicing.reckon(world, invoice, lines)


def _line(world: World, item: Json) -> Json:
    origin = item[HIDDEN]["line"]
    if origin:
        subscription = world.get("subscription", origin["subscription"])
        parent = item_parent(
            subscription, {"id": origin["item"]}, proration=item["proration"], invoice_item=item["id"],
            credited_items=origin.get("credited"),
        )  # fmt: skip
    else:
        details = {
            "invoice_item": item["id"],
            "proration": False,
            "proration_details": {"credited_items": None},
            "subscription": None,
        }
        parent = {"invoice_item_details": details, "subscription_item_details": None, "type": "invoice_item_details"}
    names = ("discountable", "metadata", "period", "pricing", "quantity")
    more = {name: item[name] for name in names}
    more["subscription"] = origin["subscription"] if origin else None
    return line(world, item["amount"], item["currency"], item["description"], parent=parent, **more)


def detach_all(world: World, invoice: Json) -> None:
    """Nothing; the draft's items are gone with it."""
    for item in list(world.store.table("invoiceitem").oldest("invoice", invoice["id"])):
        world.store.remove("invoiceitem", item["id"])


def drop_pending(world: World, waiting_for: str) -> None:
    """Nothing; pending items of a canceled subscription are gone."""
    for item in list(world.store.table("invoiceitem").oldest("_pending", waiting_for)):
        world.emit("invoiceitem.deleted", item)
        world.store.remove("invoiceitem", item["id"])


@route("get", "/v1/invoiceitems/*", "InvoiceItemRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One item."""
    return world.get("invoiceitem", call.ids[0])


@route("post", "/v1/invoiceitems/*", "InvoiceItemUpdateParams")
def update(world: World, call: Call) -> Json:
    """The changed item, while no finalized invoice holds it."""
    item = _open(world, call.ids[0])
    changes = with_metadata(call, item, copied(call, PLAIN))
    if "amount" in call.params:
        changes |= {"amount": call["amount"], "net_amount": call["amount"]}
    if "unit_amount_decimal" in call.params:
        changes["quantity_decimal"] = plain(item["quantity"])
    world.change(item, **changes)
    _relined(world, item)
    return item


def _relined(world: World, item: Json) -> None:
    """Nothing; the draft that holds the item shows its new amount."""
    if not item["invoice"]:
        return
    invoice = world.get("invoice", item["invoice"])
    lines = [
        {**one, "amount": item["amount"], "subtotal": item["amount"], "description": item["description"]}
        if _from(one) == item["id"]
        else one
        for one in invoice["lines"]["data"]
    ]
    invoicing.reckon(world, invoice, lines)


def _from(one: Json) -> str | None:
    details = one["parent"]["invoice_item_details"] or one["parent"]["subscription_item_details"]
    return details["invoice_item"]  # type: ignore[no-any-return]


@route("delete", "/v1/invoiceitems/*", "InvoiceItemDeleteParams")
def delete(world: World, call: Call) -> Json:
    """The tombstone; a draft loses the line."""
    item = _open(world, call.ids[0])
    if item["invoice"]:
        invoice = world.get("invoice", item["invoice"])
        invoicing.reckon(world, invoice, [one for one in invoice["lines"]["data"] if _from(one) != item["id"]])
    world.emit("invoiceitem.deleted", item)
    world.store.remove("invoiceitem", item["id"])
    return {"id": item["id"], "object": "invoiceitem", "deleted": True}


def _open(world: World, name: str) -> Json:
    item = world.get("invoiceitem", name)
    invoice = world.store.find("invoice", item["invoice"] or "")
    if invoice and invoice["status"] != "draft":
        raise invalid("This item is on a finalized invoice.", None, "invoice_not_editable")
    return item


@route("get", "/v1/invoiceitems", "InvoiceItemListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of items, of one customer or invoice, pending or not."""
    wanted = {k: call[k] for k in ("customer", "invoice") if k in call.params}
    by = next(((k, [wanted[k]]) for k in ("invoice", "customer") if k in wanted), None)
    pending = call.get("pending")

    def keep(row: Json) -> bool:
        right = all(row[k] == v for k, v in wanted.items())
        return right and (pending is None or (row["invoice"] is None) == pending)

    return page(world, "invoiceitem", call.params, "/v1/invoiceitems", by, keep)
