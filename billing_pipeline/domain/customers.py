"""Which Stripe customer an account is, and which of its cards is charged."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from billing_pipeline.domain.ids import AccountId, CustomerId
from billing_pipeline.domain.stripe_objects import PaymentMethod

TAX_EXEMPT: Final = {"taxable": "none", "reverse_charge": "reverse", "exempt": "exempt"}
"""Our tax status -> Stripe's word for it."""

ADDRESS_FIELDS: Final = ("line1", "line2", "city", "postal_code", "state", "country")


EU: Final = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
VAT_PREFIX: Final = {"GR": "EL"}
"""Where the number does not begin with the country's own code."""

TAX_ID_TYPES: Final = {
    "AU": "au_abn", "BR": "br_cnpj", "CH": "ch_vat", "GB": "gb_vat", "IN": "in_gst", "IS": "is_vat", "JP": "jp_trn",
    "KR": "kr_brn", "MX": "mx_rfc", "NO": "no_vat", "NZ": "nz_gst", "TR": "tr_tin", "US": "us_ein", "ZA": "za_vat",
}  # fmt: skip
"""Countries with one number that stands on invoices between businesses -> Stripe's word for it."""


def tax_id_type(country: str, value: str) -> str:
    """Stripe's word for the kind of that tax id, or '' where it cannot be told from country and number."""
    if country in EU:
        return "eu_vat" if value.upper().startswith(VAT_PREFIX.get(country, country)) else ""
    return TAX_ID_TYPES.get(country, "")


def address_of(known: Mapping[str, str], country: str) -> dict[str, str]:
    """The address as Stripe takes it; the account's country where the address has none."""
    return {name: str(value) for name in ADDRESS_FIELDS if (value := known.get(name) or _country(name, country))}


def adoptable(found: Sequence[Mapping[str, Any]], account: AccountId, taken: bool) -> CustomerId | None:
    """The customer that is already this account: the one that carries its id, else the only one of its e-mail address.

    found: customers with the account's e-mail address. taken: another account has it too, so it proves nothing.
    """
    alive = [one for one in found if not one.get("deleted")]
    marked = [one for one in alive if _account(one) == account]
    if marked:
        return CustomerId(marked[-1]["id"])  # the oldest, when a hand made two
    unmarked = [one for one in alive if not _account(one)]
    return CustomerId(unmarked[0]["id"]) if len(unmarked) == 1 and not taken else None


def charged_method(methods: Sequence[PaymentMethod], chosen: str) -> str:
    """The id of the method to charge: the one chosen at Stripe if it is there, else the newest; '' without any."""
    known = {one.id for one in methods}
    if chosen in known:
        return chosen
    newest = max(methods, key=lambda one: (one.created, one.id), default=None)
    return newest.id if newest else ""


def _account(customer: Mapping[str, Any]) -> str:
    return str((customer.get("metadata") or {}).get("account_id") or "")


def _country(name: str, country: str) -> str:
    return country if name == "country" else ""
