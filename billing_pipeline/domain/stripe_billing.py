"""An invoice that Stripe billed, as one of ours: the same lines, with our credits on it as credits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from billing_pipeline.domain.credits import CreditGrant, CreditKind, CreditUse, spend
from billing_pipeline.domain.currencies import Currency, minimum_charge
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import (
    AccountId,
    CreditGrantId,
    InvoiceId,
    PriceId,
    StripeInvoiceId,
    SubscriptionId,
    TaxRateId,
    invoice_id,
)
from billing_pipeline.domain.invoice_drafts import Draft, Line, LineKind, Settlement
from billing_pipeline.domain.issuing import Issue
from billing_pipeline.domain.mirror_requests import moment, reference
from billing_pipeline.domain.periods import Period
from billing_pipeline.domain.requests import Request, post

CREDIT_MARK: Final = "credit_for"
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose invoice it is, and what its parts are called here. prices, taxes: our ids by Stripe's."""

    subscription_id: SubscriptionId
    account: AccountId
    prices: Mapping[str, PriceId]
    taxes: Mapping[str, TaxRateId]


def our_id(raw: Json, subscription_id: SubscriptionId) -> InvoiceId:
    """The id under which Stripe's invoice stands in the books: that of the period it bills, so that nothing bills it twice."""
    if raw.get("billing_reason") == "subscription_cycle":
        return invoice_id(subscription_id, period_of(raw).start)
    return InvoiceId(f"inv-{subscription_id}-{raw['id']}")


def period_of(raw: Json) -> Period:
    """The period that the invoice bills in advance: that of its last line. Raises Broken on an invoice without lines."""
    told = [
        (moment(one["period"]["start"]), moment(one["period"]["end"]))
        for one in raw["lines"]["data"]
        if not is_credit(one)
    ]
    if not told:
        raise Broken(f"{raw['id']} has no lines")
    start, end = max(told)
    if end <= start:
        raise Broken(f"{raw['id']} bills no stretch of time")
    return Period(start, end)


def is_credit(line: Json) -> bool:
    """Whether the line is our credits on Stripe's invoice."""
    return bool((line.get("metadata") or {}).get(CREDIT_MARK))


def credits_on(raw: Json) -> int:
    """What our credits take off the invoice, in minor units."""
    return -sum(int(one["amount"]) for one in raw["lines"]["data"] if is_credit(one))


def billed_total(raw: Json) -> int:
    """The invoice's total before our credits, in minor units."""
    return int(raw["total"]) + credits_on(raw)


def balance_moved(raw: Json) -> int:
    """What the customer's balance in Stripe does to a final invoice, in minor units.

    Above nothing: what the customer owed there was added. Below: what somebody gave there paid for it, or the invoice is
    too small for Stripe to charge and is owed from then on.
    """
    return int(raw.get("starting_balance") or 0) - int(raw.get("ending_balance") or 0) + min(int(raw["total"]), 0)


def waits_until_final(raw: Json, balance: int) -> bool:
    """Whether only the final invoice tells what is due: the customer has a balance there, or it is too small to charge."""
    return bool(balance) or 0 < int(raw["total"]) < minimum_charge(Currency(raw["currency"]))


def gift_of(raw: Json, account: AccountId, name: InvoiceId, at: datetime) -> CreditGrant | None:
    """What the balance in Stripe paid of the invoice, as a credit of ours that it uses up; None where it paid nothing."""
    if (minor := -balance_moved(raw)) <= 0:
        return None
    grant = CreditGrantId(f"balance-{raw['id']}")
    return CreditGrant(grant, account, Currency(raw["currency"]), CreditKind.GOODWILL, minor, minor, at)


def given_back(raw: Json) -> int:
    """What the invoice gives back to the customer, in minor units: its total is below nothing."""
    return max(-billed_total(raw), 0)


def take_balance(raw: Json) -> Request:
    """Take what Stripe keeps as the customer's balance out of it again: it is a credit of ours, and is not to count twice."""
    params = {
        "amount": given_back(raw),
        "currency": raw["currency"],
        "description": f"Credit of {raw['id']}, kept by us",
    }
    return post(f"/v1/customers/{reference(raw['customer'])}/balance_transactions", params)


def credits_for(raw: Json, name: InvoiceId, grants: Sequence[CreditGrant], at: datetime) -> tuple[CreditUse, ...]:
    """The credits to put on the draft. What they leave is nothing, or at least what Stripe charges."""
    total = billed_total(raw)
    uses = spend(grants, name, total, at)
    left, least = total - sum(use.amount_minor for use in uses), minimum_charge(Currency(raw["currency"]))
    if 0 < left < least:
        uses = spend(grants, name, max(total - least, 0), at)
    return uses


def draft_of(raw: Json, owner: Owner, grants: Sequence[CreditGrant], issue: Issue) -> Draft:
    """Stripe's invoice as a draft of ours. grants: what pays the credits that stand on it."""
    name = our_id(raw, owner.subscription_id)
    lines = tuple(line_of(one, owner) for one in raw["lines"]["data"] if not is_credit(one))
    if (owed := balance_moved(raw)) > 0:
        lines = (*lines, Line(LineKind.MANUAL, "Owed from before, in Stripe", owed))
    gift = gift_of(raw, owner.account, name, issue.at)
    gifts = (CreditUse(gift.credit_grant_id, name, gift.kind, gift.amount_minor),) if gift else ()
    total = sum(line.total_minor for line in lines)
    if total < 0:
        lines = (*lines, Line(LineKind.TO_CREDIT, "Added to your credit balance", -total))
        settlement = Settlement(0, granted_minor=-total)
    else:
        settlement = Settlement(total, credits=(*paid_by(grants, name, raw, issue.at), *gifts))
    return Draft(
        name, owner.account, owner.subscription_id, "subscription", Currency(raw["currency"]), period_of(raw), lines,
        settlement, "automatic", issue.at, issue.on, issue.on,
    )  # fmt: skip


def paid_by(grants: Sequence[CreditGrant], name: InvoiceId, raw: Json, at: datetime) -> tuple[CreditUse, ...]:
    """What pays the credits that stand on Stripe's invoice. Raises Broken where the customer has less by now."""
    told = credits_on(raw)
    uses = spend(grants, name, told, at)
    if (has := sum(use.amount_minor for use in uses)) != told:
        raise Broken(
            f"{raw['id']} is not recorded: {told} of credits stand on it, the customer has {has}. Grant the rest: "
            "`billing-pipeline credits grant`"
        )
    return uses


def line_of(raw: Json, owner: Owner) -> Line:
    """One of Stripe's lines as one of ours."""
    taxes = raw.get("taxes") or ()
    inclusive = any(one.get("tax_behavior") == "inclusive" for one in taxes)
    rate = next((str((one.get("tax_rate_details") or {}).get("tax_rate")) for one in taxes), "")
    price = str(((raw.get("pricing") or {}).get("price_details") or {}).get("price") or "")
    start, end = moment(raw["period"]["start"]), moment(raw["period"]["end"])
    return Line(
        kind_of(raw), raw.get("description") or raw["id"], raw["amount"], Period(start, end) if start < end else None,
        owner.prices.get(price), raw.get("quantity") or 1, sum(one["amount"] for one in raw.get("discount_amounts") or ()),
        sum(one["amount"] for one in taxes), owner.taxes.get(rate), inclusive,
    )  # fmt: skip


def kind_of(raw: Json) -> LineKind:
    """What a line of Stripe's is for."""
    details = (raw.get("parent") or {}).get("subscription_item_details")
    if details is None:
        return LineKind.MANUAL
    if not details.get("proration"):
        return LineKind.ITEM
    return LineKind.UNUSED_TIME if raw["amount"] < 0 else LineKind.REMAINING_TIME


def number_of(raw: Json) -> str:
    """The number that Stripe printed, or its id while it is a draft."""
    return str(raw.get("number") or raw["id"])


def credit_on_draft(customer: str, invoice: StripeInvoiceId, minor: int, currency: str, for_invoice: str) -> Request:
    """Our credits on a draft of Stripe's, as one negative item."""
    return post(
        "/v1/invoiceitems",
        {
            "customer": customer, "invoice": invoice, "amount": -minor, "currency": currency, "discountable": False,
            "description": "Credits", "metadata": {CREDIT_MARK: for_invoice},
        },
    )  # fmt: skip
