"""Issuing an invoice: its lines, and how credits, carry-over and Stripe's minimum settle its total."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from billing_pipeline.domain.boundaries import Step
from billing_pipeline.domain.coupons import Coupon, discounts_on
from billing_pipeline.domain.credits import CreditGrant, CreditKind, CreditUse, spend
from billing_pipeline.domain.currencies import Currency, minimum_charge, multiple
from billing_pipeline.domain.ids import CreditGrantId, InvoiceId, ItemId, invoice_id
from billing_pipeline.domain.invoice_drafts import CollectionMethod, Draft, InvoiceKind, Line, LineKind, Settlement
from billing_pipeline.domain.periods import Period, local_day, paid_in_full, share
from billing_pipeline.domain.pricing import Price, amount_of
from billing_pipeline.domain.subscriptions import Charger, Item, Subscription
from billing_pipeline.domain.taxes import TaxRate, tax_on

LINES_REMEMBERED: Final = 16_384
"""Most subscriptions of a run have an item in common with others: the same price, quantity, period and tax."""

LONGEST_DAY: Final = timedelta(hours=26)  # with clocks set back: most periods are longer, and cheap to tell by that

Used = Mapping[tuple[ItemId, Period], int]
"""What the usage of a metered item comes to in a stretch of time."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How an account is billed. net_terms_days: from issue to due; automatic collection is due at once."""

    collection_method: CollectionMethod = "automatic"
    net_terms_days: int = 0
    tax: TaxRate | None = None

    def due_on(self, issued_on: date) -> date:
        """When an invoice of that day is to be paid."""
        return issued_on + timedelta(days=self.net_terms_days if self.collection_method == "net_terms" else 0)


@dataclass(frozen=True, slots=True)
class Purse:
    """What an account brings to its next invoice: credits, and by currency what was too small to charge."""

    grants: tuple[CreditGrant, ...] = ()
    carried: Mapping[Currency, int] = field(default_factory=dict)

    def of(self, currency: Currency) -> list[CreditGrant]:
        """The grants of that currency."""
        return [grant for grant in self.grants if grant.currency == currency]


@dataclass(frozen=True, slots=True)
class Charge:
    """A line before discount and tax."""

    kind: LineKind
    description: str
    amount_minor: int
    period: Period
    price: Price
    quantity: int = 1


def period_draft(step: Step, used: Used, terms: Terms, purse: Purse, issue: "Issue") -> Draft:
    """The invoice of one boundary: the period that begins, in advance, and the usage of the one that ended, in arrears.

    used: all that the step has in arrears.
    """
    period = step.tile.period if step.tile else None
    lines = plain_lines(step, terms.tax) if plain(step) else all_lines(step, used, terms.tax)
    return draft(period_invoice_id(step), "subscription", step.subscription, period, lines, terms, purse, issue)


def all_lines(step: Step, used: Used, tax: TaxRate | None) -> tuple[Line, ...]:
    """The lines of any boundary: usage, items, minimum commitments and setup fees, less discounts, with tax."""
    return finished(charges_of(step, used), step.subscription, step.at, tax)


def period_invoice_id(step: Step) -> InvoiceId:
    """The one id of the invoice of a boundary, by its day where the subscription lives: no two boundaries share one.

    The last usage of a subscription that has ended has an id of its own: it may start again on that very day. Then a second
    period begins on the day, and the time of day (in UTC) tells them apart.
    """
    zone = step.subscription.cycle.zone
    day = local_day(step.at, zone)
    name = invoice_id(step.subscription.subscription_id, day)
    if step.tile is None:
        return InvoiceId(f"{name}-final")
    begun = step.last.period.start if step.last else None
    if begun is None or step.at - begun > LONGEST_DAY or local_day(begun, zone) != day:
        return name
    return InvoiceId(f"{name}-{step.at:%H%M%S}")


@dataclass(frozen=True, slots=True)
class Issue:
    """When invoices are issued: the moment, and its calendar day in the seller's zone."""

    at: datetime
    on: date


# long because an invoice is made of all of these and each caller has them at hand
def draft(
    name: InvoiceId, kind: InvoiceKind, subscription: Subscription, period: Period | None, lines: tuple[Line, ...],
    terms: Terms, purse: Purse, issue: Issue,
) -> Draft:  # fmt: skip
    """The invoice with these lines, settled from the purse."""
    lines, settlement = settle(name, lines, subscription.currency, terms, purse, issue.at)
    return Draft(
        name, subscription.account, subscription.subscription_id, kind, subscription.currency, period, lines,
        settlement, terms.collection_method, issue.at, issue.on, terms.due_on(issue.on),
    )  # fmt: skip


def plain(step: Step) -> bool:
    """Whether the boundary bills items in advance and nothing else: no usage, no coupon, no setup fee."""
    if step.arrears or step.subscription.discounts:
        return False
    return not step.first or not any(item.price.setup_fee_minor for item in step.subscription.items)


def plain_lines(step: Step, tax: TaxRate | None) -> tuple[Line, ...]:
    """The lines of a plain boundary: the same as the long way, from what is remembered of other subscriptions."""
    if step.tile is None:
        return ()
    period = step.tile.period
    part = share(step.subscription.cycle, period)
    items = [item for item in step.subscription.items if item.valid_at(step.at) and item.price.meter is None]
    if len(items) == 1:
        return item_lines(items[0].price, items[0].quantity, period, part, tax)
    return tuple([line for item in items for line in item_lines(item.price, item.quantity, period, part, tax)])


@lru_cache(maxsize=LINES_REMEMBERED)
def item_lines(
    price: Price, quantity: int, period: Period, part: tuple[int, int], tax: TaxRate | None
) -> tuple[Line, ...]:
    """The finished lines of a licensed item without discount."""
    return tuple(taxed(charge, 0, tax) for charge in item_charges(price, quantity, period, part))


def charges_of(step: Step, used: Used) -> list[Charge]:
    """What a boundary costs, before discount and tax: usage, then items, minimum commitments and setup fees."""
    charges = arrears_charges(step, used)
    if step.tile is None or step.tile.charger is not Charger.ENGINE:
        return charges
    period = step.tile.period
    part = share(step.subscription.cycle, period)
    for item in step.subscription.items_at(step.at):
        if item.price.meter is None:
            charges += item_charges(item.price, item.quantity, period, part)
        if item.price.setup_fee_minor and step.first:
            charges.append(setup_charge(item.price, period))
    return charges


def arrears_charges(step: Step, used: Used) -> list[Charge]:
    """What the usage costs that a boundary bills; none where no tile comes before it."""
    if step.last is None or not step.arrears:
        return []
    whole = paid_in_full(step.subscription.cycle, step.last.period)
    each = (usage_charges(item, window, used.get((item.item_id, window), 0), whole) for item, window in step.arrears)
    return [charge for charges in each for charge in charges]


def setup_charge(price: Price, period: Period) -> Charge:
    """What is charged once for an item, earned over the period in which it begins."""
    return Charge(LineKind.SETUP_FEE, f"{price.name}: setup", price.setup_fee_minor, period, price)


def item_charges(price: Price, quantity: int, period: Period, part: tuple[int, int]) -> list[Charge]:
    """A licensed item for (part of) a period, and what is missing to its minimum commitment."""
    amount = amount_of(price, quantity, part)
    charge = Charge(LineKind.ITEM, described(price, quantity), amount, period, price, quantity)
    return [charge] if not price.minimum_minor else [charge, *missing(charge, part)]


def usage_charges(item: Item, window: Period, quantity: int, whole: Period) -> list[Charge]:
    """The usage of a metered item, and what is missing to its minimum commitment for the stretch it was there.

    whole: what all of the minimum is for.
    """
    amount = amount_of(item.price, quantity)
    charge = Charge(LineKind.USAGE, described(item.price, quantity), amount, window, item.price, quantity)
    return [charge, *missing(charge, (window.seconds, whole.seconds))]


def missing(charge: Charge, part: tuple[int, int]) -> list[Charge]:
    """What is missing to the minimum commitment of a charge's price, for that part of a period; empty for nothing."""
    minimum = (charge.price.minimum_minor * part[0] * 2 + part[1]) // (part[1] * 2)
    gap = minimum - charge.amount_minor
    if gap <= 0:
        return []
    return [Charge(LineKind.MINIMUM, f"{charge.price.name}: minimum commitment", gap, charge.period, charge.price)]


def described(price: Price, quantity: int) -> str:
    """What the customer reads on the line."""
    return price.name if quantity == 1 else f"{price.name} x {quantity}"


def finished(
    charges: Sequence[Charge], subscription: Subscription, at: datetime, tax: TaxRate | None
) -> tuple[Line, ...]:
    """The lines with the discounts in force at that moment, and tax."""
    off: Sequence[int] = (0,) * len(charges)
    if subscription.discounts and (covering := coupons_at(subscription, at)):
        off = discounts_on([charge.amount_minor for charge in charges], covering, subscription.currency)
    return tuple(taxed(charge, discount, tax) for charge, discount in zip(charges, off, strict=True))


def coupons_at(subscription: Subscription, at: datetime) -> list[Coupon]:
    """The coupons in force for the period that starts then, in the order in which they were taken."""
    covering = [d for d in subscription.discounts if d.covers(at, subscription.cycle.zone)]
    return [d.coupon for d in sorted(covering, key=lambda d: (d.started_at, d.coupon.coupon_id))]


def taxed(charge: Charge, discount_minor: int, tax: TaxRate | None) -> Line:
    """The line with its discount and its tax."""
    return Line(
        charge.kind, charge.description, charge.amount_minor, charge.period, charge.price.price_id, charge.quantity,
        discount_minor, tax_on(tax, charge.amount_minor - discount_minor), tax.tax_rate_id if tax else None,
        tax is not None and tax.inclusive,
    )  # fmt: skip


def settle(
    name: InvoiceId, lines: tuple[Line, ...], currency: Currency, terms: Terms, purse: Purse, at: datetime
) -> tuple[tuple[Line, ...], Settlement]:
    """The lines, with one more for a negative total, and how the total is settled.

    A negative total becomes a credit grant. Else the previous balance is added, credits pay, and what Stripe would not
    charge (below its minimum, or not a multiple of its step) is carried over to the next invoice.
    """
    total = sum([line.total_minor for line in lines])
    if total < 0:
        line = Line(LineKind.TO_CREDIT, "Added to your credit balance", -total)
        return (*lines, line), Settlement(0, granted_minor=-total)
    previous = purse.carried.get(currency, 0)
    uses = spend(purse.of(currency), name, total + previous, at) if purse.grants else ()
    due = total + previous - sum([use.amount_minor for use in uses])
    carried = too_small(due, currency) if terms.collection_method == "automatic" else 0
    return lines, Settlement(total, previous, uses, carried)


def too_small(due_minor: int, currency: Currency) -> int:
    """How much of an amount due Stripe would not charge: all of it below the minimum, else what is over its step."""
    return due_minor if due_minor < minimum_charge(currency) else due_minor % multiple(currency)


def purse_after(purse: Purse, draft: Draft) -> Purse:
    """What the account still brings to its next invoice."""
    settled = draft.settlement
    if not purse.grants and not purse.carried and not settled.carried_minor and not settled.granted_minor:
        return purse
    carried = dict(purse.carried)
    if settled.carried_minor or settled.previous_balance_minor:
        carried[draft.currency] = settled.carried_minor
    used = {use.credit_grant_id: use for use in settled.credits}
    grants = tuple(spent(grant, used.get(grant.credit_grant_id)) for grant in purse.grants)
    return Purse((*grants, granted) if (granted := granted_by(draft)) else grants, carried)


def spent(grant: CreditGrant, use: CreditUse | None) -> CreditGrant:
    """The grant after a use of it."""
    return replace(grant, remaining_minor=grant.remaining_minor - use.amount_minor) if use else grant


def granted_by(draft: Draft) -> CreditGrant | None:
    """The credit grant that a negative total became; it never expires. None for other invoices."""
    if not (minor := draft.settlement.granted_minor):
        return None
    name = CreditGrantId(f"proration-{draft.invoice_id}")
    return CreditGrant(name, draft.account, draft.currency, CreditKind.PRORATION, minor, minor, draft.issued_at)
