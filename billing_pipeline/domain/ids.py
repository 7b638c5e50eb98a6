"""Every identifier has its own type, and every idempotency key is made here.

Ours are readable text chosen by us or by the company's own systems; Stripe's are opaque text of at most 255 characters.
"""

from datetime import date, datetime
from typing import NewType

AccountId = NewType("AccountId", str)
PlanId = NewType("PlanId", str)
PriceId = NewType("PriceId", str)
CouponId = NewType("CouponId", str)
TaxRateId = NewType("TaxRateId", str)
SubscriptionId = NewType("SubscriptionId", str)
ItemId = NewType("ItemId", str)
InvoiceId = NewType("InvoiceId", str)
CreditGrantId = NewType("CreditGrantId", str)
CreditNoteId = NewType("CreditNoteId", str)
PaymentId = NewType("PaymentId", str)
EntryId = NewType("EntryId", int)
InboxId = NewType("InboxId", int)
AttemptId = NewType("AttemptId", int)

CustomerId = NewType("CustomerId", str)
PaymentMethodId = NewType("PaymentMethodId", str)
PaymentIntentId = NewType("PaymentIntentId", str)
ChargeId = NewType("ChargeId", str)
RefundId = NewType("RefundId", str)
DisputeId = NewType("DisputeId", str)
PayoutId = NewType("PayoutId", str)
BalanceTransactionId = NewType("BalanceTransactionId", str)
StripeSubscriptionId = NewType("StripeSubscriptionId", str)
StripeInvoiceId = NewType("StripeInvoiceId", str)
EventId = NewType("EventId", str)

IdempotencyKey = NewType("IdempotencyKey", str)


def invoice_id(subscription: SubscriptionId, day: date) -> InvoiceId:
    """The one id of the invoice that bills the period from that day on: a second run computes the same."""
    return InvoiceId(f"inv-{subscription}-{day.year:04}{day.month:02}{day.day:02}")


def change_invoice_id(subscription: SubscriptionId, changed_at: datetime) -> InvoiceId:
    """The one id of the invoice for a change in the middle of a period, to the second."""
    return InvoiceId(f"inv-{subscription}-{changed_at:%Y%m%dT%H%M%S}")


def charge_key(invoice: InvoiceId, seq: int, attempt: int) -> IdempotencyKey:
    """Same invoice, collection and attempt give the same key, so a resend cannot charge twice."""
    return IdempotencyKey(f"pi:{invoice}:{seq}:{attempt}")


def operation_key(operation: str, subject: str, attempt: int) -> IdempotencyKey:
    """The key of any other call: the intention, never the try of the network."""
    return IdempotencyKey(f"{operation}:{subject}:{attempt}")
