"""The mirror as Stripe shows it, how that differs from what it should be, and the one request that mends it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from billing_pipeline.domain.ids import ItemId, StripeInvoiceId, StripeSubscriptionId
from billing_pipeline.domain.mirror import Wanted, WantedItem
from billing_pipeline.domain.requests import Request, canonical, post
from billing_pipeline.domain.subscriptions import WithoutCard

EXPANDED: Final = ["discounts"]
ENDED: Final = frozenset({"canceled", "incomplete_expired"})
HELD: Final[Mapping[str, str]] = {"behavior": "void"}

Json = Mapping[str, Any]


class Aspect(StrEnum):
    """In what a mirror can differ from our subscription."""

    PRICE = "price"
    QUANTITY = "quantity"
    ITEMS = "items"
    CANCEL = "cancel"
    TRIAL = "trial"
    COUPONS = "coupons"
    TAX = "tax"
    HOLD = "hold"
    PERIOD = "period"


@dataclass(frozen=True, slots=True)
class SeenItem:
    """An item of a mirror. item_id: ours, from its metadata; '' for one that somebody else added."""

    stripe_id: str
    item_id: str
    price: str
    quantity: int
    tax: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A mirror as Stripe shows it. held: nothing is collected, and what it bills becomes void. coupons: ids, in order."""

    stripe_id: StripeSubscriptionId
    status: str
    currency: str
    items: tuple[SeenItem, ...]
    period_start: datetime
    period_end: datetime
    trial_end: datetime | None
    ends: bool
    held: bool
    coupons: tuple[str, ...]
    subscription: str
    latest_invoice: str
    method: str = ""
    trial_without_card: str = WithoutCard.CREATE_INVOICE

    @property
    def over(self) -> bool:
        """Whether it has ended: nothing brings it back."""
        return self.status in ENDED


def seen(raw: Json) -> Seen:
    """The mirror from Stripe's object, with its discounts expanded. Raises KeyError when it is no subscription."""
    first, pause = raw["items"]["data"][0], raw.get("pause_collection") or {}
    at_end = (raw.get("trial_settings") or {}).get("end_behavior") or {}
    return Seen(
        stripe_id=StripeSubscriptionId(raw["id"]),
        status=raw["status"],
        currency=raw["currency"],
        items=tuple(map(seen_item, raw["items"]["data"])),
        period_start=moment(first["current_period_start"]),
        period_end=moment(first["current_period_end"]),
        trial_end=moment(raw["trial_end"]) if raw.get("trial_end") and raw["status"] == "trialing" else None,
        ends=bool(raw.get("cancel_at_period_end") or raw.get("cancel_at")),
        held=pause.get("behavior") == "void" and not pause.get("resumes_at"),
        coupons=tuple(coupon_of(one) for one in raw.get("discounts") or ()),
        subscription=(raw.get("metadata") or {}).get("subscription_id", ""),
        latest_invoice=reference(raw.get("latest_invoice")),
        method=reference(raw.get("default_payment_method")),
        trial_without_card=at_end.get("missing_payment_method") or WithoutCard.CREATE_INVOICE,
    )


def seen_item(raw: Json) -> SeenItem:
    """One item of a mirror."""
    rates = raw.get("tax_rates") or ()
    return SeenItem(
        raw["id"], (raw.get("metadata") or {}).get("item_id", ""), raw["price"]["id"], raw.get("quantity") or 0,
        rates[0]["id"] if rates else "",
    )  # fmt: skip


def coupon_of(discount: Json | str) -> str:
    """The coupon behind a discount; the discount's own id where it was not expanded."""
    if isinstance(discount, str):
        return discount
    return reference((discount.get("source") or {}).get("coupon"))


def reference(value: Any) -> str:
    """The id in a field that is an id, an object or nothing."""
    return str(value.get("id", "")) if isinstance(value, Mapping) else str(value or "")


def moment(seconds: int) -> datetime:
    """The moment of a Unix time."""
    return datetime.fromtimestamp(seconds, UTC)


def same_period(there: Seen, wanted: Wanted) -> bool:
    """Whether the mirror's period ends at our next boundary, or starts there while we have yet to bill it."""
    return wanted.boundary in (there.period_end, there.period_start)


def differences(there: Seen, wanted: Wanted) -> dict[Aspect, str]:
    """In what the mirror differs, each with 'theirs -> ours' in words. Empty: it is as it should be."""
    found = period_differences(there, wanted) | item_differences(there, wanted)
    if there.ends != wanted.ends:
        found[Aspect.CANCEL] = "ends -> goes on" if there.ends else "goes on -> ends with its period"
    if there.coupons != wanted.coupons:
        found[Aspect.COUPONS] = f"{' '.join(there.coupons) or 'none'} -> {' '.join(wanted.coupons) or 'none'}"
    if there.held != wanted.held:
        found[Aspect.HOLD] = "held -> collects" if there.held else "collects -> held"
    return found


def period_differences(there: Seen, wanted: Wanted) -> dict[Aspect, str]:
    """The difference in time. A trial that runs on both sides is moved; any other period needs a new mirror."""
    if there.status == "paused":
        return {Aspect.PERIOD: "paused -> runs"}
    if same_period(there, wanted):
        ahead = there.period_end == wanted.boundary and there.status in ("trialing", "active")
        on_trial = there.trial_end is not None
        if ahead and on_trial != (wanted.trial_end is not None):
            return {Aspect.PERIOD: "on trial -> paid for" if on_trial else "paid for -> on trial"}
        if on_trial and there.trial_without_card != wanted.trial_without_card:
            return {Aspect.TRIAL: f"without a card: {there.trial_without_card} -> {wanted.trial_without_card}"}
        return {}
    words = f"{there.period_end:%Y-%m-%d %H:%M} -> {wanted.boundary:%Y-%m-%d %H:%M}"
    return {Aspect.TRIAL if there.trial_end and wanted.trial_end else Aspect.PERIOD: words}


def item_differences(there: Seen, wanted: Wanted) -> dict[Aspect, str]:
    """The differences in the items."""
    theirs = {item.item_id: item for item in there.items}
    ours: dict[str, WantedItem] = {item.item_id: item for item in wanted.items}
    found: dict[Aspect, str] = {}
    if theirs.keys() != ours.keys() or len(theirs) != len(there.items):
        found[Aspect.ITEMS] = f"{' '.join(sorted(theirs)) or 'none'} -> {' '.join(sorted(ours))}"
    for name in theirs.keys() & ours.keys():
        old, new = theirs[name], ours[name]
        if old.price != new.price:
            found[Aspect.PRICE] = f"{name}: {old.price} -> {new.price}"
        elif old.quantity != new.quantity:
            found[Aspect.QUANTITY] = f"{name}: {old.quantity} -> {new.quantity}"
        if old.tax != new.tax:
            found[Aspect.TAX] = f"{name}: {old.tax or 'none'} -> {new.tax or 'none'}"
    return found


def create_mirror(wanted: Wanted) -> Request:
    """Make the mirror: anchored at our next boundary, with nothing due before it."""
    params: dict[str, Any] = {
        "customer": wanted.customer,
        "items": [new_item(item) for item in wanted.items],
        "proration_behavior": "none",
        "collection_method": "charge_automatically",
        "billing_mode": {"type": "flexible"},
        "cancel_at_period_end": wanted.ends,
        "metadata": dict(wanted.metadata),
        "expand": EXPANDED,
    }
    params |= trial_terms(wanted) or {"billing_cycle_anchor": seconds(wanted.boundary)}
    if wanted.coupons:
        params["discounts"] = [{"coupon": one} for one in wanted.coupons]
    return post("/v1/subscriptions", params)


def mend_mirror(there: Seen, wanted: Wanted, found: Mapping[Aspect, str]) -> Request:
    """Bring the mirror in step, all at once. Never for the period: that needs a new mirror. It never releases a hold."""
    params: dict[str, Any] = {"proration_behavior": "none", "expand": EXPANDED}
    if found.keys() & {Aspect.ITEMS, Aspect.PRICE, Aspect.QUANTITY, Aspect.TAX}:
        params["items"] = items_mended(there, wanted)
        params |= prorated(there, wanted) if wanted.prorates else {}
    if Aspect.CANCEL in found:
        params["cancel_at_period_end"] = wanted.ends
    params |= trial_terms(wanted) if Aspect.TRIAL in found else {}
    if Aspect.COUPONS in found:
        params["discounts"] = [{"coupon": one} for one in wanted.coupons] or ""
    if wanted.held and not there.held:
        params["pause_collection"] = dict(HELD)
    return post(f"/v1/subscriptions/{there.stripe_id}", params)


def trial_terms(wanted: Wanted) -> dict[str, Any]:
    """The end of the trial, and what Stripe does then without a payment method; empty where there is no trial."""
    settings = {"end_behavior": {"missing_payment_method": wanted.trial_without_card.value}}
    return {"trial_end": seconds(wanted.trial_end), "trial_settings": settings} if wanted.trial_end else {}


def items_mended(there: Seen, wanted: Wanted) -> list[dict[str, Any]]:
    """The items that change: always by their id, a price always with its quantity, what is not ours deleted.

    An item that somebody added in Stripe, and that we have since, is kept: Stripe takes each price once.
    """
    theirs = {item.item_id: item for item in there.items if item.item_id}
    added = {item.price: item for item in there.items if not item.item_id}
    pairs = [(theirs.get(one.item_id) or added.get(one.price), one) for one in wanted.items]
    kept = {old.stripe_id for old, _ in pairs if old}
    changed = [mended(old, new) for old, new in sorted(pairs, key=lambda pair: pair[1].item_id)]
    gone = [{"id": item.stripe_id, "deleted": True} for item in there.items if item.stripe_id not in kept]
    return [one for one in changed if one] + gone


def mended(old: SeenItem | None, new: WantedItem) -> dict[str, Any] | None:
    """What one item needs; None when nothing. An archived price that stays is not named again: Stripe would refuse it."""
    if old is None:
        return new_item(new)
    if (old.item_id, old.price, old.quantity, old.tax) == (new.item_id, new.price, new.quantity, new.tax):
        return None
    name = {"metadata": {"item_id": new.item_id}} if old.item_id != new.item_id else {}
    price = {"price": new.price} if old.price != new.price else {}
    rates = {"tax_rates": [new.tax] if new.tax else ""} if old.tax != new.tax else {}
    return {"id": old.stripe_id, "quantity": new.quantity} | price | rates | name


def new_item(item: WantedItem) -> dict[str, Any]:
    """An item that the mirror does not have yet. Taxes hang on items: credits on an invoice then carry none."""
    rates = {"tax_rates": [item.tax]} if item.tax else {}
    return {"price": item.price, "quantity": item.quantity, "metadata": {"item_id": item.item_id}, **rates}


def prorated(there: Seen, wanted: Wanted) -> dict[str, Any]:
    """From when Stripe prorates the change: its own moment; nothing for a change that begins with the next period."""
    begun = [one for one in changed_moments(there, wanted) if one < there.period_end]
    if not begun:
        return {}
    date = {"proration_date": seconds(max(begun))} if max(begun) > there.period_start else {}
    return {"proration_behavior": "create_prorations", **date}


def changed_moments(there: Seen, wanted: Wanted) -> list[datetime]:
    """Since when each item is as it is that is otherwise in the mirror, or is gone; its own period for none of ours."""
    theirs = {item.item_id: item for item in there.items}
    changed = [item.changed_at for item in wanted.items if mended(theirs.get(item.item_id), item)]
    gone = theirs.keys() - {item.item_id for item in wanted.items}
    return changed + [wanted.gone.get(ItemId(name), there.period_start) for name in gone]


def hold(stripe_id: str) -> Request:
    """Collect nothing from now on: what the mirror bills becomes void."""
    return post(f"/v1/subscriptions/{stripe_id}", {"pause_collection": dict(HELD), "expand": EXPANDED})


def unhold(stripe_id: str, method: str) -> Request:
    """Let Stripe collect from the next boundary on, by that payment method."""
    return post(
        f"/v1/subscriptions/{stripe_id}",
        {"pause_collection": "", "default_payment_method": method, "proration_behavior": "none", "expand": EXPANDED},
    )


def end_mirror(stripe_id: str) -> Request:
    """End the mirror at once, with nothing credited and nothing invoiced."""
    return Request("delete", f"/v1/subscriptions/{stripe_id}", canonical({"invoice_now": False, "prorate": False}))


def void_invoice(stripe_invoice: StripeInvoiceId) -> Request:
    """An open invoice of a held mirror is never owed."""
    return post(f"/v1/invoices/{stripe_invoice}/void", {})


def collect_again(stripe_invoice: StripeInvoiceId) -> Request:
    """Let Stripe go on collecting an invoice: ending one subscription stops it for all of a customer's invoices."""
    return post(f"/v1/invoices/{stripe_invoice}", {"auto_advance": True})


def seconds(at: datetime) -> int:
    """The moment as Stripe counts it."""
    return int(at.timestamp())


def item_links(there: Seen) -> dict[ItemId, str]:
    """Stripe's item ids by ours."""
    return {ItemId(item.item_id): item.stripe_id for item in there.items if item.item_id}
