"""Accounts and invoices that somebody names: an empty list of a mistyped one would look like good news."""

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.errors import Broken


def require_account(db: Database, account: str) -> None:
    """Nothing. Raises Broken when there is no such account."""
    if db.row("collection/customer_of_account", account_id=account) is None:
        raise Broken(f"no account {account!r}: import it first (`billing-pipeline import accounts FILE`)")


def require_invoice(db: Database, invoice: str) -> None:
    """Nothing. Raises Broken when there is no such invoice."""
    if db.row("collection/customer_of_invoice", invoice_id=invoice) is None:
        raise Broken(f"no invoice {invoice!r}: `billing-pipeline invoice list` shows the newest")
