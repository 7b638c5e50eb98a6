"""Accounts, their Stripe customers and payment methods, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from json import dumps
from typing import Any, Final

from sqlalchemy import Row

from billing_pipeline.adapters.stores.attempt_rows import AttemptRows
from billing_pipeline.domain.customers import TAX_EXEMPT, address_of
from billing_pipeline.domain.ids import AccountId, CustomerId, InvoiceId, PaymentIntentId
from billing_pipeline.domain.requests import Customer
from billing_pipeline.flows.ports.collection import KnownMethod, StaleIntent, UnlinkedAccount

DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CustomerStore(AttemptRows):
    """flows.ports.collection.CustomerStore on a database."""

    def unlinked_accounts(self, now: datetime, limit: int) -> list[UnlinkedAccount]:
        """Accounts that lack a customer or differ from what it was last told, oldest first."""
        rows = self.db.rows("collection/unlinked_accounts", refused_since=now - DAY, limit=limit)
        return [_unlinked(row) for row in rows]

    def link_customer(self, account: AccountId, customer: CustomerId, digest: str) -> None:
        """The account is that customer, who knows what the digest stands for."""
        self.db.run("collection/link_customer", account_id=account, customer_id=customer, digest=digest)

    def flag_deleted(self, customer: CustomerId, now: datetime) -> bool:
        """The customer was deleted in Stripe; whether that is news."""
        return bool(self.db.run("collection/flag_deleted", customer_id=customer, now=now))

    def accounts_to_follow(self, now: datetime, limit: int) -> list[tuple[AccountId, CustomerId]]:
        """Accounts that will be charged soon and of which no usable payment method is known."""
        rows = self.db.rows("collection/accounts_to_follow", now=now, trial_until=now + DAY, limit=limit)
        return [(AccountId(row.account_id), CustomerId(row.stripe_customer_id)) for row in rows]

    def customer_account(self, account: AccountId) -> CustomerId | None:
        """The customer of that account."""
        row = self.db.row("collection/customer_of_account", account_id=account)
        return CustomerId(row.stripe_customer_id) if row and row.stripe_customer_id else None

    def deleted_customer(self, account: AccountId) -> CustomerId | None:
        """The account's customer, where that was deleted in Stripe and the account is neither erased nor parked."""
        row = self.db.row("collection/deleted_customer", account_id=account)
        return CustomerId(row.stripe_customer_id) if row else None

    def open_intents(self, account: AccountId) -> list[StaleIntent]:
        """The intents of the account's open collections."""
        rows = self.db.rows("collection/open_intents_of_account", account_id=account)
        return [
            StaleIntent(InvoiceId(row.invoice_id), row.seq, PaymentIntentId(row.payment_intent_id), row.cancels_lost)
            for row in rows
        ]

    def forget_customer(self, account: AccountId, customer: CustomerId, now: datetime) -> bool:
        """The account has no customer any more, and none of its payment methods; False where it has another by now."""
        with self.db.transaction():
            forgotten = self.db.run("collection/forget_customer", account_id=account, customer_id=customer)
            if forgotten:
                self.db.run("collection/lay_methods_aside", account_id=account, kept=[], default_id="", now=now)
        return bool(forgotten)

    def keep_methods(self, account: AccountId, methods: Sequence[KnownMethod], now: datetime) -> bool:
        """Make the account's methods exactly these; whether the default is another one now."""
        default = next((one.payment_method_id for one in methods if one.is_default), "")
        with self.db.transaction():
            before = self.db.row("collection/default_method", account_id=account)
            kept = [str(one.payment_method_id) for one in methods]
            self.db.run("collection/lay_methods_aside", account_id=account, kept=kept, default_id=default, now=now)
            self.db.run("collection/keep_methods", rows=dumps([asdict(one) for one in methods], default=str), now=now)
        return bool(default) and (before is None or before.payment_method_id != default)


def _unlinked(row: Row[Any]) -> UnlinkedAccount:
    return UnlinkedAccount(
        customer=Customer(
            account_id=AccountId(row.account_id),
            name=row.name,
            email=row.email,
            locale=row.locale,
            tax_id=row.tax_id,
            tax_exempt=TAX_EXEMPT[row.tax_status],
            address=address_of(row.address, row.country),
        ),
        customer_id=CustomerId(row.stripe_customer_id) if row.stripe_customer_id else None,
        digest=row.digest,
        attempts=row.attempts,
        email_is_shared=row.email_is_shared,
        tax_attempts=row.tax_attempts,
    )
