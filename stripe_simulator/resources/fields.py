"""Fields that many objects share: metadata, addresses, currencies and the smallest amounts Stripe takes."""

from collections.abc import Iterable
from typing import Any, Final

from stripe_simulator.routes import Call
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

METADATA_KEYS_MAX: Final = 50
METADATA_KEY_CHARS_MAX: Final = 40
METADATA_VALUE_CHARS_MAX: Final = 500
AMOUNT_MAX: Final = 99_999_999
LINE_MAX: Final = 999_999_999_999

ADDRESS: Final = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
BILLING_DETAILS: Final[Json] = {"address": ADDRESS, "email": None, "name": None, "phone": None, "tax_id": None}

# docs.stripe.com/currencies#minimum-and-maximum-charge-amounts, in minor units
MINIMUM: Final = {
    "usd": 50, "aed": 200, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50, "gbp": 30,
    "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "krw": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50,
    "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip
OTHERS: Final = (
    "afn all amd ang aoa ars awg azn bam bbd bdt bhd bif bmd bnd bob bsd bwp byn bzd cdf clp cny cop crc cve djf dop "
    "dzd egp etb fjd fkp gel gip gmd gnf gtq gyd hnl htg idr ils isk jmd jod kes kgs khr kmf kwd kyd kzt lak lbp lkr "
    "lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mzn nad ngn nio npr omr pab pen pgk php pkr pyg qar rsd rub rwf "
    "sar sbd scr shp sle sos srd std szl tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer "
    "zar zmw"
)
CURRENCIES: Final = frozenset(MINIMUM) | frozenset(OTHERS.split())
WHOLE_HUNDREDS: Final = frozenset({"isk", "ugx"})  # two decimals on the wire, both zero
TENS: Final = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})  # three decimals, the last one zero


def currency_of(name: str) -> str:
    """The lower-case currency. Raises Refused for one that Stripe does not know."""
    lower = name.lower()
    if lower not in CURRENCIES:
        raise invalid(f"Invalid currency: {name[:20]}.", "currency")
    return lower


def chargeable(amount: int, currency: str) -> int:
    """The amount in minor units. Raises Refused when Stripe would not charge it."""
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    if amount < MINIMUM.get(currency, 1):
        raise invalid(
            f"Amount must convert to at least {MINIMUM[currency]} minor units of {currency}.",
            "amount",
            "amount_too_small",
        )
    if amount > AMOUNT_MAX:
        raise invalid(f"Amount must be no more than {AMOUNT_MAX} minor units.", "amount", "amount_too_large")
    if (currency in WHOLE_HUNDREDS and amount % 100) or (currency in TENS and amount % 10):
        raise invalid(f"Invalid amount: {amount} has decimals that {currency} does not.", "amount")
    return amount


def bounded(amount: int) -> int:
    """The amount of a line. Raises Refused when no invoice could hold it."""
    if abs(amount) > LINE_MAX:
        raise invalid(f"Line amounts must be no more than {LINE_MAX} minor units.", "amount", "amount_too_large")
    return amount


def merged_metadata(old: Json, given: Any) -> Json:
    """The metadata after an update: keys merge, an empty value removes its key, an empty string removes all."""
    if given is None:
        return old
    if given == "":
        return {}
    for key, value in given.items():
        if len(key) > METADATA_KEY_CHARS_MAX or len(value) > METADATA_VALUE_CHARS_MAX:
            raise invalid(
                "Metadata keys are at most 40 and values at most 500 characters long", f"metadata[{key[:40]}]"
            )
    merged = {k: v for k, v in {**old, **given}.items() if v != ""}
    if len(merged) > METADATA_KEYS_MAX:
        raise invalid(f"Metadata can hold at most {METADATA_KEYS_MAX} keys", "metadata")
    return merged


def copied(call: Call, names: Iterable[str]) -> Json:
    """The parameters that go into the object as they are; an empty string becomes null."""
    return {name: call.unset(name) for name in names if name in call.params}


def with_metadata(call: Call, row: Json, changes: Json) -> Json:
    """The changes, with the metadata merged when some was sent."""
    if "metadata" in call.params:
        changes["metadata"] = merged_metadata(row.get("metadata") or {}, call["metadata"])
    return changes


def billing_details(given: Json | None, old: Json = BILLING_DETAILS) -> Json:
    """Complete billing details, every absent part null."""
    given = dict(given or {})
    address = given.pop("address", None) or {}
    known = {**old, "address": {**old["address"], **address}}
    return {**known, **{k: v or None for k, v in given.items()}}


def owner(world: World, call: Call) -> Json:
    """The customer that the request must name. Raises parameter_missing or resource_missing."""
    if "customer" not in call.params:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    return live_customer(world, call["customer"])


def live_customer(world: World, name: str) -> Json:
    """The customer that a parameter names. Raises resource_missing for an unknown or deleted one."""
    row = world.given("customer", name, "customer")
    if row.get("deleted"):
        raise invalid(f"No such customer: '{name}'", "customer", "resource_missing")
    return row
