"""Credit notes: they lower an open invoice, or give back what a paid one took."""

from typing import Final

from stripe_simulator.listing import page, whole
from stripe_simulator.resources import invoicing, payments
from stripe_simulator.resources.customers import record_balance
from stripe_simulator.resources.fields import merged_metadata, with_metadata
from stripe_simulator.resources.refunds import refund_charge
from stripe_simulator.routes import Call, route
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

CREDITABLE: Final = ("open", "paid", "uncollectible")
BLANK: Final[Json] = {
    "object": "credit_note",
    "amount_shipping": 0,
    "customer_account": None,
    "customer_balance_transaction": None,
    "discount_amount": 0,
    "discount_amounts": [],
    "pretax_credit_amounts": [],
    "refunds": [],
    "shipping_cost": None,
    "status": "issued",
    "total_taxes": [],
    "voided_at": None,
}


@route("post", "/v1/credit_notes", "CreditNoteCreateParams")
def create(world: World, call: Call) -> Json:
    """The issued credit note, with its effect on the invoice, the customer's balance, or the card."""
    invoice = world.given("invoice", call["invoice"], "invoice")
    if invoice["status"] not in CREDITABLE:
        raise invalid(f"Credit notes need a finalized invoice; this one is {invoice['status']}.", "invoice")
    lines, amount = _lines(world, invoice, call)
    before = invoice["status"] != "paid"
    limit = invoice["amount_remaining"] if before else invoice["total"] - invoice["post_payment_credit_notes_amount"]
    if not 0 < amount <= limit:
        raise invalid(f"The credit note's amount must lie between 1 and {limit}.", "amount", "amount_too_large")
    name = world.ids.new("cn_")
    row: Json = BLANK | {
        "id": name,
        "created": world.now(),
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "effective_at": world.now(),
        "invoice": invoice["id"],
        "lines": {"object": "list", "data": lines, "has_more": False, "url": f"/v1/credit_notes/{name}/lines"},
        "livemode": world.account.livemode,
        "memo": call.get("memo"),
        "metadata": merged_metadata({}, call.get("metadata")),
        "number": f"{invoice['number']}-CN-{len(_of(world, invoice)) + 1:02d}",
        "out_of_band_amount": call.get("out_of_band_amount"),
        "pdf": f"https://pay.stripe.com/credit_notes/{name}/pdf",
        "post_payment_amount": 0 if before else amount,
        "pre_payment_amount": amount if before else 0,
        "reason": call.get("reason"),
        "type": "pre_payment" if before else "post_payment",
    }
    row |= dict.fromkeys(("amount", "subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"), amount)
    world.store.add(row)
    (_lower if before else _give_back)(world, invoice, row, call)
    world.emit("credit_note.created", row)
    return row


def _of(world: World, invoice: Json) -> list[Json]:
    return list(world.store.table("credit_note").newest("invoice", invoice["id"]))


def _lines(world: World, invoice: Json, call: Call) -> tuple[list[Json], int]:
    given = call.get("lines")
    if not given:
        if "amount" not in call.params:
            raise invalid("One of amount or lines is needed.", "amount", "parameter_missing")
        return [_line(world, "Credit", call["amount"], {})], call["amount"]
    known = {one["id"]: one for one in invoice["lines"]["data"]}
    found = []
    for n, one in enumerate(given):
        if one["type"] == "custom_line_item":
            found.append(_line(world, one.get("description"), one.get("unit_amount", 0) * one.get("quantity", 1), {}))
            continue
        origin = known.get(one.get("invoice_line_item", ""))
        if origin is None:
            raise invalid("No such invoice line item.", f"lines[{n}][invoice_line_item]", "resource_missing")
        link = {"invoice_line_item": origin["id"], "type": "invoice_line_item"}
        found.append(_line(world, origin["description"], one.get("amount", origin["amount"]), link))
    return found, sum(one["amount"] for one in found)


def _line(world: World, text: str | None, amount: int, more: Json) -> Json:
    return {
        "id": world.ids.new("cnli_"),
        "object": "credit_note_line_item",
        "amount": amount,
        "description": text,
        "discount_amount": 0,
        "discount_amounts": [],
        "livemode": world.account.livemode,
        "pretax_credit_amounts": [],
        "quantity": 1,
        "tax_rates": [],
        "taxes": [],
        "type": "custom_line_item",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    } | more


def _lower(world: World, invoice: Json, row: Json, call: Call) -> None:
    """Nothing; the open invoice asks for less, and is paid when nothing is left."""
    left = invoice["amount_remaining"] - row["amount"]
    credited = invoice["pre_payment_credit_notes_amount"] + row["amount"]
    due = invoice["amount_due"] - row["amount"]
    world.change(
        invoice, "invoice.updated", amount_remaining=left, amount_due=due, pre_payment_credit_notes_amount=credited
    )
    intent = world.get("payment_intent", invoice[HIDDEN]["intent"])
    if left:
        world.change(intent, amount=left)
        for payment in world.store.table("invoice_payment").newest("invoice", invoice["id"]):
            world.change(payment, amount_requested=left)
    elif intent["status"] not in ("processing", *payments.FINISHED):
        invoicing.mark_paid(world, invoice, 0, outside=True)


def _give_back(world: World, invoice: Json, row: Json, call: Call) -> None:
    """Nothing; the paid invoice's money goes to the card, to the customer's balance, or was given outside."""
    refund, credit = call.get("refund_amount", 0), call.get("credit_amount", 0)
    outside = call.get("out_of_band_amount") or 0
    if refund + credit + outside != row["amount"]:
        raise invalid("refund_amount, credit_amount and out_of_band_amount must sum to the amount.", "credit_amount")
    credited = invoice["post_payment_credit_notes_amount"] + row["amount"]
    world.change(invoice, "invoice.updated", post_payment_credit_notes_amount=credited)
    if refund:
        intent = world.get("payment_intent", invoice[HIDDEN]["intent"])
        made = refund_charge(world, world.get("charge", intent["latest_charge"]), refund)
        link = {"amount_refunded": refund, "payment_record_refund": None, "refund": made["id"], "type": "refund"}
        world.change(row, refunds=[link])
    if credit:
        customer = world.get("customer", invoice["customer"])
        world.change(customer, "customer.updated", balance=customer["balance"] - credit)
        link = record_balance(world, customer, -credit, "credit_note", row["currency"], credit_note=row["id"])
        world.change(row, customer_balance_transaction=link["id"])


@route("post", "/v1/credit_notes/*/void", "CreditNoteVoidCreditNoteParams")
def void(world: World, call: Call) -> Json:
    """The void credit note; only those of open invoices can be voided."""
    row = world.get("credit_note", call.ids[0])
    invoice = world.get("invoice", row["invoice"])
    if row["status"] == "void" or invoice["status"] != "open":
        raise invalid("Only issued credit notes of open invoices can be voided.")
    left = invoice["amount_remaining"] + row["amount"]
    credited = invoice["pre_payment_credit_notes_amount"] - row["amount"]
    world.change(
        invoice, "invoice.updated", amount_remaining=left, amount_due=left, pre_payment_credit_notes_amount=credited
    )
    world.change(world.get("payment_intent", invoice[HIDDEN]["intent"]), amount=left)
    world.change(row, status="void", voided_at=world.now())
    world.emit("credit_note.voided", row)
    return row


@route("post", "/v1/credit_notes/*", "CreditNoteUpdateParams")
def update(world: World, call: Call) -> Json:
    """The credit note with another memo or metadata."""
    row = world.get("credit_note", call.ids[0])
    changes = {"memo": call["memo"]} if "memo" in call.params else {}
    world.change(row, "credit_note.updated", **with_metadata(call, row, changes))
    return row


@route("get", "/v1/credit_notes/*", "CreditNoteRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One credit note."""
    return world.get("credit_note", call.ids[0])


@route("get", "/v1/credit_notes", "CreditNoteListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of credit notes, of one invoice or customer when named."""
    by = next(((k, [call[k]]) for k in ("invoice", "customer") if k in call.params), None)
    return page(world, "credit_note", call.params, "/v1/credit_notes", by)


@route("get", "/v1/credit_notes/*/lines", "CreditNoteLineItemListParams")
def lines(world: World, call: Call) -> Json:
    """A page of the credit note's lines."""
    row = world.get("credit_note", call.ids[0])
    return whole(row["lines"]["data"], call.params, row["lines"]["url"])
