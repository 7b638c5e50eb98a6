"""What the demo company sells, as plain records: sellers, tax rates, plans, prices, tiers, coupons."""

from typing import Any, Final

Record = dict[str, Any]

ENTITIES: Final[list[Record]] = [
    {"legal_entity_id": "us", "name": "Lumen Software Inc.", "address": "500 Market St, San Francisco, CA 94105",
     "country": "US", "tax_id": "94-1234567", "footer": "Thank you for your business."},
    {"legal_entity_id": "de", "name": "Lumen Software GmbH", "address": "Torstr. 140, 10119 Berlin",
     "country": "DE", "tax_id": "DE814584193", "footer": "HRB 214563 B, Amtsgericht Berlin"},
    {"legal_entity_id": "jp", "name": "Lumen Software KK", "address": "1-9-2 Marunouchi, Chiyoda, Tokyo",
     "country": "JP", "tax_id": "T7010401112345", "footer": ""},
]  # fmt: skip

TAX_RATES: Final[list[Record]] = [
    {"tax_rate_id": "vat-de-19", "name": "USt.", "jurisdiction": "DE", "rate_ppm": 190_000, "inclusive": False},
    {"tax_rate_id": "vat-fr-20", "name": "TVA", "jurisdiction": "FR", "rate_ppm": 200_000, "inclusive": False},
    {"tax_rate_id": "jct-10", "name": "JCT", "jurisdiction": "JP", "rate_ppm": 100_000, "inclusive": True},
    {"tax_rate_id": "ny-8875", "name": "Sales tax", "jurisdiction": "US-NY", "rate_ppm": 88_750, "inclusive": False},
]

PLANS: Final[list[Record]] = [
    {"plan_id": "starter", "name": "Starter", "tier": "1", "trial_days": 14},
    {"plan_id": "team", "name": "Team", "tier": "2", "trial_days": 14},
    {"plan_id": "business", "name": "Business", "tier": "3", "trial_days": 0},
    {"plan_id": "scale", "name": "Scale", "tier": "4", "trial_days": 0},
    {"plan_id": "api-calls", "name": "API calls", "tier": "", "trial_days": 0},
]

CURRENCIES: Final = ("usd", "eur", "jpy")
FACTOR: Final = {"usd": (1, 1), "eur": (23, 25), "jpy": (3, 2)}  # of a price list, on minor units; no rate of exchange

COUPONS: Final[list[Record]] = [
    {"coupon_id": "welcome-25", "name": "Welcome: 25 % off for 3 months", "kind": "percent", "percent_ppm": 250_000,
     "amount_minor": None, "currency": None, "duration": "repeating", "duration_months": 3},
    {"coupon_id": "partner-10", "name": "Partner: 10 % off", "kind": "percent", "percent_ppm": 100_000,
     "amount_minor": None, "currency": None, "duration": "forever", "duration_months": None},
    {"coupon_id": "sorry-20-usd", "name": "20 USD off once", "kind": "amount", "percent_ppm": None,
     "amount_minor": 2000, "currency": "usd", "duration": "once", "duration_months": None},
]  # fmt: skip


def listed(usd_minor: int, currency: str) -> int:
    """The list price in that currency's minor units, from the price in US cents; euros end in 0, yen in 00."""
    numerator, denominator = FACTOR[currency]
    step = 100 if currency == "jpy" else 10
    return usd_minor * numerator // denominator // step * step or usd_minor


def prices() -> tuple[list[Record], list[Record]]:
    """Every price in every currency, and the tiers of those that have some."""
    rows, tiers = [], []
    for currency in CURRENCIES:
        for interval in ("month", "year"):
            months = 10 if interval == "year" else 1  # a year costs ten months
            rows += [
                _price("starter", currency, interval, "flat", listed(2900, currency) * months),
                _price("team", currency, interval, "per_unit", listed(1200, currency) * months),
                _price("business", currency, interval, "graduated", 0),
            ]
            tiers += _tiers(f"business-{interval}-{currency}", currency, months)
        rows.append(_price("scale", currency, "month", "volume", 0, setup_fee_minor=listed(50_000, currency)))
        tiers += _tiers(f"scale-month-{currency}", currency, 1)
        calls = {"usage": "metered", "meter": "api_calls", "per_units": 1000, "minimum_minor": listed(1000, currency)}
        rows.append(_price("api-calls", currency, "month", "per_unit", listed(50, currency), **calls))
    return rows, tiers


def _price(plan: str, currency: str, interval: str, scheme: str, unit_minor: int, **more: Any) -> Record:
    licensed = {"usage": "licensed", "meter": None, "per_units": 1, "setup_fee_minor": 0, "minimum_minor": 0}
    return {"price_id": f"{plan}-{interval}-{currency}", "plan_id": plan, "currency": currency, "scheme": scheme,
            "interval": interval, "interval_count": 1, "unit_minor": unit_minor, **licensed, **more}  # fmt: skip


def _tiers(price_id: str, currency: str, months: int) -> list[Record]:
    steps = ((10, 1500, 4900), (50, 1100, 4900), (None, 800, 4900))
    return [
        {"price_id": price_id, "tier_no": number, "up_to": up_to, "unit_minor": listed(unit, currency) * months,
         "flat_minor": listed(flat, currency) * months if number == 1 else 0}
        for number, (up_to, unit, flat) in enumerate(steps, start=1)
    ]  # fmt: skip
