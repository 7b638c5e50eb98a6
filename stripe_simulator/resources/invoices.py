"""Invoices and invoice payments: the routes."""

from typing import Final

from stripe_simulator.expand import included
from stripe_simulator.listing import page, whole
from stripe_simulator.render import public
from stripe_simulator.resources import collecting, invoicing
from stripe_simulator.resources.coupons import discounts
from stripe_simulator.resources.fields import copied, currency_of, merged_metadata, owner, with_metadata
from stripe_simulator.resources.invoiceitems import attach_pending, detach_all
from stripe_simulator.resources.payment_methods import usable
from stripe_simulator.resources.tax_rates import rates
from stripe_simulator.routes import Call, route
from stripe_simulator.search import search
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, Refused, invalid
from stripe_simulator.world import World

PLAIN: Final = (
    "auto_advance", "collection_method", "custom_fields", "default_payment_method", "description", "due_date", "footer",
    "statement_descriptor",
)  # fmt: skip


@route("post", "/v1/invoices", "InvoiceCreateParams")
def create(world: World, call: Call) -> Json:
    """The new draft; pending items join it when asked."""
    customer = owner(world, call)
    currency = currency_of(call.get("currency") or customer["currency"] or world.account.currency)
    more: Json = {"auto_advance": False} | copied(call, PLAIN)
    more["metadata"] = merged_metadata({}, call.get("metadata"))
    more["default_tax_rates"] = rates(world, call.get("default_tax_rates"), "default_tax_rates")
    invoice = invoicing.draft(world, customer, [], currency, **more)
    given = discounts(world, call.get("discounts"), {"invoice": invoice["id"]})
    world.change(invoice, discounts=given)
    if "days_until_due" in call.params:
        world.hide(invoice, days_until_due=call["days_until_due"])
    if call.get("pending_invoice_items_behavior", "exclude") == "include":
        attach_pending(world, invoice, customer["id"])
    if invoice["auto_advance"]:
        invoicing.finalize_later(world, invoice)
    return invoice


@route("get", "/v1/invoices/*", "InvoiceRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One invoice, with its first ten lines."""
    return world.get("invoice", call.ids[0])


@route("post", "/v1/invoices/*", "InvoiceUpdateParams")
def update(world: World, call: Call) -> Json:
    """The changed invoice; once finalized only few fields move."""
    invoice = world.get("invoice", call.ids[0])
    if invoice["status"] != "draft" and call.params.keys() - {"metadata", "auto_advance", "description", "footer"}:
        raise invalid("Finalized invoices can't be updated in this way", None, "invoice_not_editable")
    changes = with_metadata(call, invoice, copied(call, PLAIN))
    if "default_tax_rates" in call.params:
        changes["default_tax_rates"] = rates(world, call["default_tax_rates"], "default_tax_rates")
    if "discounts" in call.params:
        changes["discounts"] = discounts(world, call["discounts"], {"invoice": invoice["id"]})
    before = dict(invoice)
    world.change(invoice, **changes)
    if changes.keys() & {"default_tax_rates", "discounts"}:
        invoicing.reckon(world, invoice, invoice["lines"]["data"])
    world.emit("invoice.updated", invoice, {k: before[k] for k in changes if before.get(k) != invoice[k]})
    if changes.get("auto_advance") and not before["auto_advance"] and invoice["status"] == "draft":
        invoicing.finalize_later(world, invoice)
    return invoice


@route("delete", "/v1/invoices/*", "InvoiceDeleteParams")
def delete(world: World, call: Call) -> Json:
    """The tombstone of a draft that belongs to no subscription."""
    invoice = _in(world, call, ("draft",))
    if invoice[HIDDEN]["subscription"]:
        raise invalid("You can only delete draft one-off invoices.", None, "invoice_not_editable")
    detach_all(world, invoice)
    world.emit("invoice.deleted", invoice)
    world.store.remove("invoice", invoice["id"])
    return {"id": invoice["id"], "object": "invoice", "deleted": True}


def _in(world: World, call: Call, allowed: tuple[str, ...]) -> Json:
    """The invoice. Raises Refused when it is in none of the allowed states."""
    invoice = world.get("invoice", call.ids[0])
    if invoice["status"] not in allowed:
        wanted = " or ".join(allowed)
        text = f"This invoice is {invoice['status']}; the operation needs it to be {wanted}."
        raise invalid(text, None, "invoice_not_editable" if allowed == ("draft",) else None)
    return invoice


@route("post", "/v1/invoices/*/finalize", "InvoiceFinalizeInvoiceParams")
def finalize(world: World, call: Call) -> Json:
    """The open (or at once paid) invoice."""
    invoice = _in(world, call, ("draft",))
    if "auto_advance" in call.params:
        world.change(invoice, auto_advance=call["auto_advance"])
    invoicing.finalize(world, invoice)
    if invoice["status"] == "open" and invoice["auto_advance"]:
        world.later(invoicing.FINALIZED_AFTER_SECONDS, "invoice.collect", invoice["id"])
    return invoice


@route("post", "/v1/invoices/*/pay", "InvoicePayParams")
def pay(world: World, call: Call) -> Json:
    """The paid invoice. Raises Refused 402 when the card declines, or when there is none."""
    invoice = _in(world, call, ("draft", "open", "uncollectible"))
    if invoice["status"] == "draft":
        invoicing.finalize(world, invoice)
    if invoice["status"] == "paid":
        return invoice
    if call.get("paid_out_of_band"):
        invoicing.mark_paid(world, invoice, invoice["amount_due"], outside=True)
        return invoice
    method = usable(world, call["payment_method"]) if call.get("payment_method") else None
    refused = collecting.collect(world, invoice, method, off_session=call.get("off_session", True), manual=True)
    if refused is not None:
        raise _kept(refused)
    return invoice


def _kept(refused: Refused) -> Refused:
    refused.keeps_effects = True
    return refused


@route("post", "/v1/invoices/*/void", "InvoiceVoidInvoiceParams")
def void(world: World, call: Call) -> Json:
    """The void invoice."""
    invoice = _in(world, call, ("open", "uncollectible"))
    invoicing.void(world, invoice)
    return invoice


@route("post", "/v1/invoices/*/mark_uncollectible", "InvoiceMarkUncollectibleParams")
def mark_uncollectible(world: World, call: Call) -> Json:
    """The invoice that is no longer expected to be paid."""
    invoice = _in(world, call, ("open",))
    invoicing.write_off(world, invoice)
    return invoice


@route("post", "/v1/invoices/*/send", "InvoiceSendInvoiceParams")
def send(world: World, call: Call) -> Json:
    """The invoice, mailed (as far as events tell)."""
    invoice = _in(world, call, ("draft", "open"))
    if invoice["status"] == "draft":
        invoicing.finalize(world, invoice)
    else:
        world.emit("invoice.sent", invoice)
    return invoice


@route("get", "/v1/invoices", "InvoiceListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of invoices, of one customer, subscription or status when named."""
    by = None
    for name, field in (("subscription", "_subscription"), ("customer", "customer")):
        if name in call.params:
            by = (field, [call[name]])
            break
    wanted = {k: call[k] for k in ("status", "collection_method", "customer") if k in call.params}
    return page(world, "invoice", call.params, "/v1/invoices", by, lambda r: all(r[k] == v for k, v in wanted.items()))


@route("get", "/v1/invoices/search", "InvoiceSearchParams")
def find_invoices(world: World, call: Call) -> Json:
    """One page of invoices that match the query."""
    return search(world, "invoice", call.params, "/v1/invoices/search")


@route("get", "/v1/invoices/*/lines", "InvoiceLineItemListParams")
def lines(world: World, call: Call) -> Json:
    """A page of the invoice's lines."""
    invoice = world.get("invoice", call.ids[0])
    return whole(invoice["lines"]["data"], call.params, f"/v1/invoices/{invoice['id']}/lines")


@route("get", "/v1/invoice_payments", "InvoicePaymentListParams")
def payments(world: World, call: Call) -> Json:
    """A page of invoice payments, of one invoice or payment intent when named."""
    by = ("invoice", [call["invoice"]]) if "invoice" in call.params else None
    wanted = (call.get("payment") or {}).get("payment_intent")
    if wanted:
        by = ("_payment_intent", [wanted])
    status = call.get("status")

    def keep(row: Json) -> bool:
        right = "invoice" not in call.params or row["invoice"] == call["invoice"]
        return right and (status is None or row["status"] == status)

    return page(world, "invoice_payment", call.params, "/v1/invoice_payments", by, keep)


@route("get", "/v1/invoice_payments/*", "InvoicePaymentRetrieveParams")
def payment(world: World, call: Call) -> Json:
    """One invoice payment."""
    return world.get("invoice_payment", call.ids[0])


@included("invoice", "payments")
def _payments(world: World, row: Json) -> Json:
    data = [public(p) for p in world.store.table("invoice_payment").newest("invoice", row["id"])]
    return {"object": "list", "data": data, "has_more": False, "url": "/v1/invoice_payments"}


@included("invoice", "confirmation_secret")
def _secret(world: World, row: Json) -> Json | None:
    name = world.get("invoice", row["id"])[HIDDEN]["intent"]
    if not name:
        return None
    return {"client_secret": world.get("payment_intent", name)["client_secret"], "type": "payment_intent"}
