"""What time does to a subscription: its first invoice, renewals, the end of its trial, and its own end."""

from stripe_simulator.resources import collecting, invoicing
from stripe_simulator.resources.anchors import counted_from
from stripe_simulator.resources.coupons import running
from stripe_simulator.resources.invoiceitems import attach_pending, drop_pending
from stripe_simulator.resources.lines import item_lines
from stripe_simulator.resources.periods import (
    items_of,
    listed,
    period_after,
    period_of,
    with_period,
)
from stripe_simulator.routes import timed
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json
from stripe_simulator.world import World


def bill(world: World, row: Json, lines: list[Json], reason: str) -> Json:
    """The draft invoice of a subscription, with everything that was pending for it."""
    customer = world.get("customer", row["customer"])
    rates = {entry["id"]: _rates(row, entry) for entry in lines}
    start = period_of(row)[0]
    invoice = invoicing.draft(
        world,
        customer,
        lines,
        row["currency"],
        billing_reason=reason,
        collection_method=row["collection_method"],
        default_tax_rates=row["default_tax_rates"] or [],
        discounts=running(world, row["discounts"], world.now()),
        parent={
            "quote_details": None,
            "subscription_details": {"metadata": row["metadata"], "subscription": row["id"]},
            "type": "subscription_details",
        },
        period_start=row[HIDDEN].get("billed_from", start),
        period_end=world.now(),
        rates={name: found for name, found in rates.items() if found},
        subscription=row["id"],
    )
    if row["days_until_due"] is not None:
        world.hide(invoice, days_until_due=row["days_until_due"])
    attach_pending(world, invoice, row["id"], row["customer"])
    world.change(row, latest_invoice=invoice["id"])
    remember_debits(world, row, invoice)
    return invoice


def _rates(row: Json, entry: Json) -> list[str]:
    item = entry["parent"]["subscription_item_details"]["subscription_item"]
    return [r["id"] for one in items_of(row) if one["id"] == item for r in one["tax_rates"]]


def remember_debits(world: World, row: Json, invoice: Json) -> None:
    """Nothing; what each item was really debited is kept, so that unused time can be credited from it."""
    debited = {name: list(found) for name, found in row[HIDDEN]["debited"].items()}
    for entry in invoice["lines"]["data"]:
        details = entry["parent"]["subscription_item_details"]
        if not details or entry["amount"] <= 0 or entry["period"]["end"] <= world.now():
            continue
        off = sum(d["amount"] for d in entry["discount_amounts"])
        debit = {"amount": entry["amount"] - off, **entry["period"], "invoice": invoice["id"], "line": entry["id"]}
        known = debited.setdefault(details["subscription_item"], [])
        known[:] = [d for d in known if d.get("item") is None or d["item"] != details["invoice_item"]] + [debit]
    world.hide(row, debited=debited)


def schedule(world: World, row: Json) -> None:
    """Nothing; the subscription is looked at again when its period ends."""
    end = period_of(row)[1]
    world.hide(row, cycle_at=end)
    world.at(end, "subscription.cycle", row["id"])


@timed("subscription.cycle")
def cycle(world: World, name: str) -> None:
    """Nothing; a period ended: the subscription renews, starts to cost, or ends."""
    row = world.get("subscription", name)
    if (
        row["status"] in ("canceled", "incomplete_expired", "paused", "incomplete")
        or row[HIDDEN]["cycle_at"] != world.now()
    ):
        return
    if row["cancel_at_period_end"]:
        end(world, row, "canceled")
        return
    if row["status"] == "trialing" and not _leave_trial(world, row):
        return
    renew(world, row)


def _leave_trial(world: World, row: Json) -> bool:
    """Whether the subscription goes on after its trial."""
    wish = row["trial_settings"]["end_behavior"]["missing_payment_method"]
    customer = world.get("customer", row["customer"])
    method = row["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    if method or wish == "create_invoice" or row["collection_method"] == "send_invoice":
        world.change(row, "customer.subscription.updated", status="active")
        return True
    if wish == "cancel":
        end(world, row, "canceled")
    else:
        from stripe_simulator.resources.pauses import mark_paused

        mark_paused(world, row, "trial_end_without_payment_method")
    return False


def renew(world: World, row: Json) -> None:
    """Nothing; the next period has begun and its invoice is drafted (or voided, when collection is paused)."""
    items, past = items_of(row), period_of(row)
    begin_, end_ = period_after(items, counted_from(row), world.now())
    old = {"items": row["items"], "latest_invoice": row["latest_invoice"]}
    world.hide(row, debited={}, billed_from=past[0])
    world.change(row, items=listed(row["id"], with_period(items, begin_, end_)))
    schedule(world, row)
    lines = [x for one in items for x in item_lines(world, row, one, begin_, end_, past)]
    invoice = bill(world, row, lines, "subscription_cycle")
    world.emit("customer.subscription.updated", row, old)
    advance_draft(world, row, invoice)


def advance_draft(world: World, row: Json, invoice: Json) -> None:
    """Nothing; the draft is finalized in an hour, or waits, or is void, as the subscription's state wants."""
    held = row["pause_collection"]
    if row["status"] == "unpaid" or (held and held["behavior"] == "keep_as_draft"):
        world.change(invoice, auto_advance=False)
    elif held:
        world.later(invoicing.FINALIZED_AFTER_SECONDS, "invoice.hold", invoice["id"])
    else:
        invoicing.finalize_later(world, invoice)


@timed("invoice.hold")
def hold(world: World, name: str) -> None:
    """Nothing; the draft of a held subscription becomes void or uncollectible; unheld since, it is collected."""
    invoice = world.get("invoice", name)
    if invoice["status"] != "draft":
        return
    row = world.get("subscription", invoice[HIDDEN]["subscription"])
    held = row["pause_collection"]
    if not held:
        collecting.finalize_due(world, name)
        return
    world.change(invoice, auto_advance=False, status="open")
    if held["behavior"] == "void":
        invoicing.void(world, invoice)
    else:
        invoicing.write_off(world, invoice, "subscription_paused")


@timed("subscription.trial_will_end")
def warn(world: World, name: str) -> None:
    """Nothing; a trial that ends in three days says so."""
    row = world.get("subscription", name)
    if row["status"] == "trialing":
        world.emit("customer.subscription.trial_will_end", row)


@timed("subscription.cancel_at")
def cancel_at(world: World, name: str) -> None:
    """Nothing; the day a subscription was to be canceled has come."""
    row = world.get("subscription", name)
    if row["cancel_at"] == world.now() and row["status"] not in ("canceled", "incomplete_expired"):
        end(world, row, "canceled")


def end(world: World, row: Json, status: str, reason: str | None = None) -> None:
    """Nothing; the subscription is over, and its open invoices are no longer collected automatically."""
    details = row["cancellation_details"] | ({"reason": reason} if reason else {})
    world.change(row, status=status, ended_at=world.now(), cancellation_details=details)
    if row["canceled_at"] is None:
        world.change(row, canceled_at=world.now())
    drop_pending(world, row["id"])  # finalized invoices of other subscriptions lose auto_advance too: SDK, cancel
    for invoice in list(world.store.table("invoice").newest("customer", row["customer"])):
        own = invoice[HIDDEN]["subscription"] == row["id"]
        if invoice["auto_advance"] and (invoice["status"] == "open" or (own and invoice["status"] == "draft")):
            world.change(invoice, "invoice.updated", auto_advance=False, next_payment_attempt=None)
    world.emit("customer.subscription.deleted", row)


def told(world: World, invoice: Json, what: str) -> None:
    """Nothing; the subscription follows what became of its invoice."""
    row = world.store.find("subscription", invoice[HIDDEN]["subscription"])
    if row is None or row["latest_invoice"] != invoice["id"]:
        return
    status, after = row["status"], None
    if what == "paid" and status in ("incomplete", "past_due", "unpaid"):
        after = "active"
    elif what == "void" and status == "incomplete":
        after = "incomplete_expired"
    elif what in ("void", "uncollectible") and status == "past_due":
        after = "active"
    elif what == "failed" and status == "active" and invoice["billing_reason"] != "subscription_create":
        after = "past_due"
    elif what == "given_up":
        _give_up(world, row)
    if after:
        previous = world.change(row, status=after, ended_at=world.now() if after == "incomplete_expired" else None)
        if row[HIDDEN].get("told"):
            world.emit("customer.subscription.updated", row, previous)


invoicing.ON_SUBSCRIPTION.append(told)


def _give_up(world: World, row: Json) -> None:
    """Nothing; all retries failed: the account's setting decides."""
    wish = world.account.after_last_retry
    if wish == "canceled":
        end(world, row, "canceled", "payment_failed")
    elif wish == "unpaid" and row["status"] != "unpaid":
        previous = world.change(row, status="unpaid")
        world.emit("customer.subscription.updated", row, previous)
