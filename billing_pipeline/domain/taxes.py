"""Tax: fixed rates, on top of the amount or within it."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import TaxRateId
from billing_pipeline.domain.money import round_half_up
from billing_pipeline.domain.pricing import rounded

MILLION: Final = 1_000_000


class TaxStatus(StrEnum):
    """Whether we charge tax. Reverse charge: the customer owes it, and the invoice says so."""

    TAXABLE = "taxable"
    REVERSE_CHARGE = "reverse_charge"
    EXEMPT = "exempt"


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A rate in parts per million: 200000 is 20 %. inclusive: the amounts have it in them already."""

    tax_rate_id: TaxRateId
    rate_ppm: int
    inclusive: bool = False
    active: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.rate_ppm <= MILLION:
            raise Broken(f"tax rate {self.tax_rate_id}: {self.rate_ppm} ppm is not between 0 and {MILLION}")


def tax_on(rate: TaxRate | None, minor: int) -> int:
    """The tax on an amount after discount, in minor units, rounded; of an inclusive rate, the part within it."""
    if rate is None:
        return 0
    return rounded(minor * rate.rate_ppm, MILLION + rate.rate_ppm if rate.inclusive else MILLION)


def tax_refunded(total: int, tax: int, before: int, minor: int) -> int:
    """The tax in that much of an invoice, rounded on the running total so that partial refunds sum to the whole.

    total, tax: of the invoice; before: refunded of it so far. What goes beyond the invoice's own total, a previous balance
    that was paid along with it, has no tax of this invoice.
    """
    if not total:
        return 0

    def tax_through(refunded: int) -> int:
        return round_half_up(Fraction(min(refunded, total) * tax, total))

    return tax_through(before + minor) - tax_through(before)


def rate_of(status: TaxStatus, rate: TaxRate | None) -> TaxRate | None:
    """The rate to charge, or None for no tax. Raises Broken for a rate that is no longer active."""
    if status is not TaxStatus.TAXABLE or rate is None:
        return None
    if not rate.active:
        raise Broken(f"tax rate {rate.tax_rate_id} is not active: give the account a current one")
    return rate
