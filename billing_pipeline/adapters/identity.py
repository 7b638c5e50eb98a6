"""The identity lock: a database belongs to one Stripe account, one mode and one place, and refuses every other.

A copy or a restore is another place: nothing may move money from it until a person adopts it
(`billing-pipeline db adopt`).
"""

from dataclasses import dataclass
from datetime import datetime

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.errors import Broken


@dataclass(frozen=True, slots=True)
class StripeIdentity:
    """Who answers at the other end. account_id: acct_...; livemode: real money."""

    account_id: str
    livemode: bool

    def __str__(self) -> str:
        return f"{self.account_id} ({'live' if self.livemode else 'test'})"


def check_identity(db: Database, stripe: StripeIdentity, now: datetime) -> None:
    """Bind the database at first contact; afterwards raise Broken unless account, mode and place are the same."""
    found = db.row("ops/read_identity")
    if found is None:
        raise Broken("the database does not say who it is: is it PostgreSQL 15 or newer?")
    if found.stripe_account_id is None:
        bind(db, stripe, now, "first contact")
        return
    bound = StripeIdentity(found.stripe_account_id, found.livemode)
    if bound != stripe:
        raise Broken(
            f"this database belongs to Stripe account {bound}, but the key belongs to {stripe}: "
            "use that account's key, or another BILLING_DATABASE_URL"
        )
    if (found.bound_system, found.bound_oid) != (found.system_identifier, found.database_oid):
        raise Broken(
            f"this database is a copy or a restore of the one bound to {bound}: nothing moves money from it until "
            '`billing-pipeline db adopt --reason "..."` has compared it with Stripe'
        )


def bind(db: Database, stripe: StripeIdentity, now: datetime, reason: str) -> None:
    """Bind the database to that account and to the place where it is now."""
    found = db.row("ops/read_identity")
    if found is None:
        raise Broken("the database does not say who it is: is it PostgreSQL 15 or newer?")
    db.run(
        "ops/bind_identity",
        stripe_account_id=stripe.account_id,
        livemode=stripe.livemode,
        system_identifier=found.system_identifier,
        database_oid=found.database_oid,
        bound_at=now,
        reason=reason,
    )
