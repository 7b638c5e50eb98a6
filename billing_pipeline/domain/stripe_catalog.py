"""What is sold, as Stripe should list it: products, prices, coupons and tax rates; and what Stripe cannot express.

A price is never edited in Stripe: one that changed is replaced, and the old one archived. What an object stands for is
written into its metadata as a short text, so that a listing tells whether it is still the same.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from billing_pipeline.domain.coupons import Coupon
from billing_pipeline.domain.periods import Interval
from billing_pipeline.domain.pricing import Price, Scheme, Tier
from billing_pipeline.domain.requests import Request, canonical, post
from billing_pipeline.domain.taxes import TaxRate

DECIMALS_MAX: Final = 12  # of a unit amount in Stripe
PERCENT_PPM_STEP: Final = 100  # Stripe keeps two decimals of a coupon's percentage
LONGEST: Final = {Interval.DAY: 1095, Interval.WEEK: 156, Interval.MONTH: 36, Interval.YEAR: 3}  # Stripe's: three years
NAME_LENGTH_MAX: Final = 40  # of a coupon in Stripe
DIGEST_LENGTH: Final = 16

Params = dict[str, Any]


class CatalogKind(StrEnum):
    """What a catalogue object is, in the order in which they must be made."""

    PRODUCT = "product"
    TAX_RATE = "tax_rate"
    COUPON = "coupon"
    PRICE = "price"


PATHS: Final = {
    CatalogKind.PRODUCT: "/v1/products",
    CatalogKind.TAX_RATE: "/v1/tax_rates",
    CatalogKind.COUPON: "/v1/coupons",
    CatalogKind.PRICE: "/v1/prices",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """An object of ours as Stripe should have it. stripe_id: '' while it has none. product: Stripe's, of a price.

    unchanging: parameters that can be given once only. changing: those that an update may correct. fault: why Stripe
    cannot have it at all, in words.
    """

    kind: CatalogKind
    our_id: str
    stripe_id: str
    active: bool
    unchanging: Params
    changing: Params
    fault: str = ""

    @property
    def digest(self) -> str:
        """What the unchanging part comes to: another digest is another object in Stripe."""
        return hashlib.sha256(canonical(self.unchanging).encode()).hexdigest()[:DIGEST_LENGTH]

    @property
    def mark(self) -> str:
        """The key of the metadata under which our id stands."""
        return {CatalogKind.PRODUCT: "plan_id"}.get(self.kind, f"{self.kind}_id")


def product(plan_id: str, name: str, stripe_id: str, active: bool) -> Listed:
    """A plan as a product."""
    return Listed(CatalogKind.PRODUCT, plan_id, stripe_id, active, {}, {"name": name, "active": active})


def tax_rate(rate: TaxRate, name: str, jurisdiction: str, stripe_id: str) -> Listed:
    """A tax rate; its percentage never changes."""
    fixed = {"percentage": decimal_text(rate.rate_ppm, 10_000), "inclusive": rate.inclusive}
    shown = {"display_name": name, "jurisdiction": jurisdiction, "active": rate.active}
    return Listed(CatalogKind.TAX_RATE, rate.tax_rate_id, stripe_id, rate.active, fixed, shown)


def coupon(sold: Coupon, name: str, stripe_id: str) -> Listed:
    """A coupon, always of duration 'forever': for which periods it counts is decided here, and it is taken off in time."""
    fixed: Params = {"duration": "forever"}
    if sold.percent_ppm is not None:
        fixed["percent_off"] = decimal_text(sold.percent_ppm, 10_000)
    else:
        fixed |= {"amount_off": sold.amount_minor, "currency": sold.currency}
    shown = {"name": name[:NAME_LENGTH_MAX]}
    return Listed(CatalogKind.COUPON, sold.coupon_id, stripe_id, True, fixed, shown, coupon_fault(sold))


def price(sold: Price, product_id: str, stripe_id: str) -> Listed:
    """A price of a product."""
    fault = price_fault(sold)
    fixed = {} if fault else {"product": product_id, "currency": sold.currency, **price_terms(sold)}
    return Listed(CatalogKind.PRICE, sold.price_id, stripe_id, sold.active, fixed, {"active": sold.active}, fault)


def price_terms(sold: Price) -> Params:
    """What a price costs and how often, in Stripe's words."""
    recurring = {"interval": sold.interval.value, "interval_count": sold.interval_count, "usage_type": "licensed"}
    if not sold.tiers:
        per = 1 if sold.scheme is Scheme.FLAT else sold.per_units
        return {"recurring": recurring, "billing_scheme": "per_unit", **unit("unit_amount", sold.unit_minor, per)}
    tiers = [tier_terms(tier) for tier in sold.tiers]
    return {"recurring": recurring, "billing_scheme": "tiered", "tiers_mode": sold.scheme.value, "tiers": tiers}


def tier_terms(tier: Tier) -> Params:
    """One tier in Stripe's words."""
    flat = {"flat_amount": tier.flat_minor} if tier.flat_minor else {}
    return {
        "up_to": "inf" if tier.up_to is None else tier.up_to,
        **unit("unit_amount", tier.unit_minor, tier.per_units),
        **flat,
    }


def unit(name: str, minor: int, per: int) -> Params:
    """The amount of one unit: whole where it is, else as a decimal text."""
    told = decimal_text(minor, per)
    return {name: minor // per} if minor % per == 0 else {f"{name}_decimal": told}


def decimal_text(numerator: int, denominator: int) -> str:
    """The ratio as decimal text without trailing zeros; cut after DECIMALS_MAX decimals (see exact)."""
    whole, rest = divmod(numerator, denominator)
    digits = f"{rest * 10**DECIMALS_MAX // denominator:0{DECIMALS_MAX}d}".rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


def exact(numerator: int, denominator: int) -> bool:
    """Whether the ratio has at most DECIMALS_MAX decimals."""
    return numerator * 10**DECIMALS_MAX % denominator == 0


def price_fault(sold: Price) -> str:
    """The part of a price that Stripe cannot express, in words; empty when it can."""
    if sold.metered:
        return f"price {sold.price_id}: the usage of meter {sold.meter} is counted here and not reported to Stripe"
    if sold.minimum_minor:
        return f"price {sold.price_id}: Stripe knows no minimum commitment ({sold.minimum_minor} per period)"
    if sold.interval_count > LONGEST[sold.interval]:
        return (
            f"price {sold.price_id}: every {sold.interval_count} {sold.interval}s is longer than Stripe's three years"
        )
    units = [(tier.unit_minor, tier.per_units) for tier in sold.tiers] or [(sold.unit_minor, sold.per_units)]
    if sold.scheme is not Scheme.FLAT and (endless := [one for one in units if not exact(*one)]):
        minor, per = endless[0]
        return f"price {sold.price_id}: {minor}/{per} per unit has more than {DECIMALS_MAX} decimals"
    if sold.scheme is Scheme.GRADUATED and len(units) > 1 and any(minor % per for minor, per in units):
        return f"price {sold.price_id}: Stripe rounds each graduated tier by itself, we round their sum"
    return ""


def coupon_fault(sold: Coupon) -> str:
    """The part of a coupon that Stripe cannot express, in words; empty when it can."""
    if sold.percent_ppm is not None and sold.percent_ppm % PERCENT_PPM_STEP:
        return f"coupon {sold.coupon_id}: Stripe keeps two decimals of a percentage, not {decimal_text(sold.percent_ppm, 10_000)}"
    if not (sold.percent_ppm or sold.amount_minor):
        return f"coupon {sold.coupon_id}: Stripe knows no coupon of nothing"
    return ""


def create(wanted: Listed, environment: str) -> Request:
    """Make the object, marked with our id and with what it stands for."""
    marked = {wanted.mark: wanted.our_id, "digest": wanted.digest, "environment": environment}
    params = {**wanted.unchanging, **wanted.changing, "metadata": marked}
    if wanted.kind is CatalogKind.PRICE:
        params |= {
            "lookup_key": f"{environment}:{wanted.our_id}",
            "transfer_lookup_key": True,
            "nickname": wanted.our_id,
        }
    return post(PATHS[wanted.kind], params)


def correct(wanted: Listed, stripe_id: str) -> Request:
    """Bring what may change in step."""
    return post(f"{PATHS[wanted.kind]}/{stripe_id}", wanted.changing)


def archive(kind: CatalogKind, stripe_id: str) -> Request:
    """Sell it no more; who has it keeps it."""
    return post(f"{PATHS[kind]}/{stripe_id}", {"active": False})


def found_in(listed: Mapping[str, Any], kind: CatalogKind, environment: str) -> tuple[str, str] | None:
    """Our id and the digest that a listed object carries; None when it is not ours."""
    marks = listed.get("metadata") or {}
    our_id = marks.get("plan_id" if kind is CatalogKind.PRODUCT else f"{kind}_id")
    return (our_id, marks.get("digest", "")) if our_id and marks.get("environment") == environment else None


def differs(wanted: Listed, listed: Mapping[str, Any]) -> bool:
    """Whether something that may change is not as it should be."""
    return any(listed.get(name) != value for name, value in wanted.changing.items())
