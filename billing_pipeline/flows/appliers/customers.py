"""Customers and how they pay: deleted customers, attached, changed and detached payment methods, the default one."""

from dataclasses import replace
from datetime import datetime

from billing_pipeline.domain.ids import AccountId
from billing_pipeline.domain.stripe_objects import Customer, PaymentMethod
from billing_pipeline.flows.books import Books, Outcome, applied, ignored
from billing_pipeline.flows.ports.event_rows import CustomerRow, MethodRow

STRANGER = "not ours: no account has this customer"


def apply_customer(customer: Customer, at: datetime, books: Books) -> Outcome:
    """A customer that is gone is flagged; of one that changed, its default payment method is followed."""
    row = books.find(CustomerRow, customer.id)
    if row is None:
        return ignored(STRANGER)
    if customer.deleted:
        return applied(replace(row, deleted_at=row.deleted_at or at))
    if customer.default_method is None:
        return ignored("it has no default payment method")
    books.take(
        applied(row_of(customer.default_method, row.account_id, books.find(MethodRow, customer.default_method.id)))
    )
    return applied(*made_default(row.account_id, customer.default_method.id, books))


def apply_method(method: PaymentMethod, at: datetime, books: Books) -> Outcome:
    """A payment method as it is now; one that belongs to no customer any more is detached for good."""
    known = books.find(MethodRow, method.id)
    if not method.customer:
        detached = known and replace(known, detached_at=known.detached_at or at, is_default=False)
        return applied(detached) if detached else ignored("not ours: it belongs to no customer")
    account = account_of(method.customer, books)
    if account is None:
        return ignored(STRANGER)
    return applied(row_of(method, account, known))


def apply_setup(method: PaymentMethod | None, books: Books) -> Outcome:
    """The card that a customer has just confirmed for later use becomes the one that is charged."""
    account = account_of(method.customer, books) if method else None
    if method is None or account is None:
        return ignored(STRANGER)
    books.take(applied(row_of(method, account, books.find(MethodRow, method.id))))
    return applied(*made_default(account, method.id, books))


def account_of(customer: str, books: Books) -> AccountId | None:
    """The account whose Stripe customer it is, or None."""
    row = books.find(CustomerRow, customer)
    return row.account_id if row else None


def made_default(account: AccountId, chosen: str, books: Books) -> list[MethodRow]:
    """The account's payment methods of which only the chosen one is the default; those that stay as they are are left out.

    The former default comes first: the table allows one default per account at any moment.
    """
    mine = [one for one in books.all(MethodRow) if one.account_id == account and one.detached_at is None]
    changed = [replace(one, is_default=one.payment_method_id == chosen) for one in mine]
    return sorted((one for one in changed if one not in mine), key=lambda one: one.is_default)


def row_of(method: PaymentMethod, account: AccountId, known: MethodRow | None) -> MethodRow:
    """The payment method as a row; it keeps being the default if it was."""
    return MethodRow(
        payment_method_id=method.id,
        account_id=account,
        type=method.type,
        brand=method.brand,
        last4=method.last4,
        fingerprint=method.fingerprint,
        country=method.country,
        exp_month=method.exp_month,
        exp_year=method.exp_year,
        is_default=known.is_default if known else False,
        attached_at=known.attached_at if known else method.created,
        detached_at=known.detached_at if known else None,
    )
