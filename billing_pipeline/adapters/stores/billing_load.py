"""Reading what billing needs: set by set, never one account at a time. Rows that make no sense say why."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores import billing_rows as rows
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.invoice_drafts import CollectionMethod
from billing_pipeline.domain.issuing import Purse, Terms
from billing_pipeline.domain.pricing import Price
from billing_pipeline.domain.taxes import TaxStatus, rate_of
from billing_pipeline.flows.ports.billing import DueAccount, DueSubscription, Unbillable

SEPARATOR: Final = "\x1f"  # chr(31), the unit separator; no id has it
EMPTY: Final = Purse()
NO_CHANGES: Final[Mapping[str, Any]] = {}


def joined(values: Iterable[str]) -> str:
    """Many values as one parameter: the driver takes an array apart value by value, at many times the cost."""
    return SEPARATOR.join(values)


def load(
    db: Database, accounts: Sequence[Any], ids: Sequence[str], at: datetime, changes: Mapping[str, Any] = NO_CHANGES
) -> list[DueAccount]:
    """The accounts of those rows with these of their subscriptions. at: credits that expire by then are left out."""
    names = [row.account_id for row in accounts]
    asked, wanted = joined(names), joined(ids)
    build = builder(db, wanted, changes)
    subscriptions = rows.grouped(db.rows("billing/subscriptions_to_bill", subscriptions=wanted), "account_id")
    grants = rows.grouped(db.rows("billing/usable_grants", accounts=asked, now=at), "account_id")
    carried = rows.grouped(db.rows("billing/carried_by", accounts=asked), "account_id")
    terms = terms_finder(db)
    return [
        due_account(
            row, terms, purse_of(grants.get(name), carried.get(name)),
            [build(subscription) for subscription in subscriptions.get(name, ())],
        )
        for row, name in zip(accounts, names, strict=True)
    ]  # fmt: skip


def builder(db: Database, ids: str, changes: Mapping[str, Any]) -> Callable[[Any], DueSubscription | Unbillable]:
    """A function that makes the due subscription of a row, or says why it cannot be billed."""
    item_rows = db.rows("billing/items_of", subscriptions=ids)
    items = rows.grouped(item_rows, "subscription_id")
    discounts = rows.grouped(db.rows("billing/discounts_of", subscriptions=ids), "subscription_id")
    price = rows.price_finder(prices_by_id(db, {row.price_id for row in item_rows}))

    def build(row: Any) -> DueSubscription | Unbillable:
        name = row[0]
        try:
            own = tuple([rows.item_of(item, price) for item in items.get(name, ())])
            made = rows.subscription_of(row, own, discounts.get(name, ()))
            wishes = tuple(map(rows.change_of, changes[name])) if name in changes else ()
            return DueSubscription(*made, wishes)
        except Broken as error:
            return Unbillable(name, str(error))

    return build


def prices_by_id(db: Database, ids: set[str]) -> dict[str, Price | Broken]:
    """The prices by id; one that makes no sense is the error that says why."""
    found: dict[str, Price | Broken] = {}
    for row in db.rows("billing/prices", prices=sorted(ids)):
        try:
            found[row.price_id] = rows.price_of(row)
        except Broken as error:
            found[row.price_id] = error
    return found


def terms_finder(db: Database) -> Callable[..., Terms]:
    """A function that gives the terms for collection method, net terms, tax status and rate: few of them are distinct."""
    rates = {row.tax_rate_id: rows.tax_rate_of(row) for row in db.rows("billing/tax_rates")}

    @cache
    def find(method: CollectionMethod, net_terms_days: int, status: str, tax_rate_id: str | None) -> Terms:
        return Terms(method, net_terms_days, rate_of(TaxStatus(status), rates.get(tax_rate_id or "")))

    return find


def due_account(
    row: Any, find: Callable[..., Terms], purse: Purse, found: Sequence[DueSubscription | Unbillable]
) -> DueAccount:
    """The account of a row with its subscriptions. Where its terms make no sense, none of them can be billed."""
    account, legal_entity_id, prefix, next_number, method, net_terms_days, status, tax_rate_id = row
    good = tuple([each for each in found if isinstance(each, DueSubscription)])
    bad = tuple([each for each in found if isinstance(each, Unbillable)]) if len(good) < len(found) else ()
    try:
        terms = find(method, net_terms_days, status, tax_rate_id)
    except Broken as error:
        terms, reason = Terms(), str(error)
        bad, good = (*bad, *(Unbillable(due.subscription.subscription_id, reason) for due in good)), ()
    return DueAccount(account, legal_entity_id, prefix, next_number, terms, purse, good, bad)


def purse_of(grants: Sequence[Any] | None, carried: Sequence[Any] | None) -> Purse:
    """What the account brings to its next invoice."""
    if not grants and not carried:
        return EMPTY
    return Purse(tuple(map(rows.grant_of, grants or ())), {Currency(row.currency): row.minor for row in carried or ()})
