"""Credits: grants with expiry and priority, and which of them pays which invoice."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId, CreditGrantId, InvoiceId


class CreditKind(StrEnum):
    """Where a credit comes from."""

    PROMOTIONAL = "promotional"
    PURCHASED = "purchased"
    GOODWILL = "goodwill"
    REFUND = "refund"
    OVERPAYMENT = "overpayment"
    PRORATION = "proration"
    OPENING = "opening"


GIVEN_AWAY: Final = frozenset({CreditKind.PROMOTIONAL, CreditKind.GOODWILL})
"""Nobody paid for these: they are no debt of ours, and lower revenue when they are used."""

NEVER: Final = datetime.max.replace(tzinfo=UTC)

ORDER: Final = {kind: place for place, kind in enumerate((CreditKind.PROMOTIONAL, CreditKind.GOODWILL))}
"""Given-away credits go before those that somebody paid for."""


@dataclass(frozen=True, slots=True)
class CreditGrant:
    """What an account may still spend. remaining_minor: of amount_minor, in minor units of the currency.

    expires_at: not usable then or later; None never expires. priority: lower goes first among equals.
    """

    credit_grant_id: CreditGrantId
    account: AccountId
    currency: Currency
    kind: CreditKind
    amount_minor: int
    remaining_minor: int
    granted_at: datetime
    expires_at: datetime | None = None
    priority: int = 100

    def __post_init__(self) -> None:
        if not 0 <= self.remaining_minor <= self.amount_minor:
            raise Broken(f"credit {self.credit_grant_id}: {self.remaining_minor} left of {self.amount_minor}")

    def usable(self, at: datetime) -> bool:
        """Whether it can pay an invoice at that moment."""
        return self.remaining_minor > 0 and self.granted_at <= at and (self.expires_at is None or at < self.expires_at)


@dataclass(frozen=True, slots=True)
class CreditUse:
    """An amount of one grant that pays (part of) one invoice, in minor units."""

    credit_grant_id: CreditGrantId
    invoice: InvoiceId
    kind: CreditKind
    amount_minor: int


def in_order(grants: Iterable[CreditGrant]) -> list[CreditGrant]:
    """The grants in the order in which they are spent.

    Expiring soonest first, those without expiry last; then given-away before purchased; then by priority, age and id.
    """
    return sorted(
        grants,
        key=lambda g: (
            g.expires_at or NEVER,
            ORDER.get(g.kind, len(ORDER)),
            g.priority,
            g.granted_at,
            g.credit_grant_id,
        ),
    )


def spend(grants: Iterable[CreditGrant], invoice: InvoiceId, due_minor: int, at: datetime) -> tuple[CreditUse, ...]:
    """Which grants pay how much of an amount due, in minor units; never more than due, never more than is left.

    grants: of the invoice's account and currency.
    """
    uses: list[CreditUse] = []
    for grant in in_order(g for g in grants if g.usable(at)):
        if due_minor <= 0:
            break
        amount = min(due_minor, grant.remaining_minor)
        uses.append(CreditUse(grant.credit_grant_id, invoice, grant.kind, amount))
        due_minor -= amount
    return tuple(uses)
