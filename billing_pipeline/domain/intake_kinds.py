"""The kinds of files that can be imported: every column with what it means. docs/import.md is made of this."""

from typing import Final

from billing_pipeline.domain.intake import (
    Column,
    Kind,
    Values,
    country,
    currency,
    day,
    email,
    flag,
    instant,
    key,
    one_of,
    percent,
    text,
    whole,
    zone,
)

MAIN: Final = "main"  # the seller of an account that names none
INTERVALS: Final = ("day", "week", "month", "year")
TAX_STATUSES: Final = ("taxable", "reverse_charge", "exempt")
SCHEMES: Final = ("flat", "per_unit", "graduated", "volume")
STATES: Final = ("trialing", "active", "paused", "canceled")
WITHOUT_CARD: Final = ("create_invoice", "pause", "cancel")
TRIAL_DAYS_MAX: Final = 730  # as long as a trial in Stripe can be


def listed(words: tuple[str, ...]) -> str:
    """The words as the help of a column."""
    return f"{', '.join(words[:-1])} or {words[-1]}."


def needs(field: str, when: str, *words: str) -> str:
    """The complaint about an empty field."""
    return f"{field} is empty: {when} {'/'.join(words)} needs it"


def coupon_rule(row: Values) -> str | None:
    """A percentage or an amount with its currency, and months where it repeats."""
    if row["kind"] == "percent" and row["percent_ppm"] is None:
        return needs("percent", "a coupon of kind", "percent")
    if row["kind"] == "amount" and (row["amount_minor"] is None or row["currency"] is None):
        return needs("amount_minor or currency", "a coupon of kind", "amount")
    if row["kind"] == "percent" and row["amount_minor"] is not None:
        return "percent and amount_minor are both there: keep one"
    if (row["duration"] == "repeating") != (row["duration_months"] is not None):
        return "duration_months goes with duration repeating, and with nothing else"
    return None


def price_rule(row: Values) -> str | None:
    """A metered price names its meter; a licensed one has none."""
    if row["usage"] == "metered" and not row["meter"]:
        return needs("meter", "a price with usage", "metered")
    if row["usage"] == "licensed" and row["meter"]:
        return "a licensed price has no meter: empty it, or use metered"
    return None


def terms_rule(row: Values) -> str | None:
    """Days to pay go with net terms."""
    if row["collection_method"] == "automatic" and row["net_terms_days"]:
        return "net_terms_days without collection_method net_terms: automatic accounts are charged on the day of issue"
    return None


def invoice_rule(row: Values) -> str | None:
    """Amounts and dates that fit together."""
    total, tax, left = (int(str(row[name] or 0)) for name in ("total_minor", "tax_minor", "open_minor"))
    if row["open_minor"] is not None and not 0 < left <= total:
        return f"open_minor {left} of total_minor {total}: import what is still open, and only open invoices"
    if tax > total:
        return f"tax_minor {tax} is more than total_minor {total}"
    return "due_on is before issued_on" if str(row["due_on"]) < str(row["issued_on"]) else None


def trial_rule(row: Values) -> str | None:
    """A trial has an end."""
    if row["state"] == "trialing" and row["trial_end"] is None:
        return needs("trial_end", "a subscription that is", "trialing")
    return None


KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("legal_entities", "legal_entities", "Who sells: one row per company.", ("legal_entity_id",), (
            Column("legal_entity_id", key, "Its id.", required=True),
            Column("name", text, "Name on the invoice.", required=True),
            Column("address", text, "Postal address on the invoice; lines separated by commas.", default=""),
            Column("country", country, "Two letters.", required=True),
            Column("tax_id", text, "VAT or tax number on the invoice.", default=""),
            Column("footer", text, "Last line of the invoice, such as the register entry.", default=""),
        ), changeable=frozenset({"name", "address", "tax_id", "footer"})),
        Kind("tax_rates", "tax_rates", "What accounts refer to.", ("tax_rate_id",), (
            Column("tax_rate_id", key, "Its id.", required=True),
            Column("name", text, "Name on the invoice, such as VAT.", required=True),
            Column("jurisdiction", text, "Where it holds, such as DE.", required=True),
            Column("rate_percent", percent, "Such as 19 or 7.25.", required=True, into="rate_ppm"),
            Column("inclusive", flag, "true: prices include the tax.", default=False),
        )),
        Kind("accounts", "accounts", "Who is billed; without a Stripe customer one is made.", ("account_id",), (
            Column("account_id", key, "Its id in your systems.", required=True),
            Column("legal_entity_id", key, "Who sells to it.", default=MAIN, refers="legal_entities"),
            Column("name", text, "Name on the invoice.", required=True),
            Column("email", email, "Where invoices and reminders go.", required=True),
            Column("country", country, "Two letters.", required=True),
            Column("locale", text, "Language of mails and invoices.", default="en"),
            Column("zone", zone, "Time zone of its days.", default="UTC"),
            Column("currency", currency, "What it is billed in.", required=True),
            Column("segment", one_of("business", "consumer"), "business or consumer.", default="business"),
            Column("tax_id", text, "VAT or tax number.", default=""),
            Column("tax_status", one_of(*TAX_STATUSES), listed(TAX_STATUSES), default="taxable"),
            Column("tax_rate_id", key, "Its tax rate.", refers="tax_rates"),
            Column("address_line1", text, "Street and number.", default="", into="line1"),
            Column("address_line2", text, "Floor, building.", default="", into="line2"),
            Column("address_postal_code", text, "Postal code.", default="", into="postal_code"),
            Column("address_city", text, "City.", default="", into="city"),
            Column("address_state", text, "State or region.", default="", into="state"),
            Column("collection_method", one_of("automatic", "net_terms"),
                   "automatic: charged on issue. net_terms: pays by itself.", default="automatic"),
            Column("net_terms_days", whole(0, 365), "Days to pay, with net_terms.", default=0),
            Column("invoice_prefix", key, "First part of its invoice numbers; from account_id where empty."),
            Column("next_invoice_number", whole(1), "Where its series goes on.", default=1),
            Column("stripe_customer_id", key, "cus_..., where Stripe has it already."),
            Column("created_at", instant, "Since when; now where empty."),
        ), (terms_rule,), frozenset({"name", "email", "country", "address", "locale", "zone", "tax_id"})),
        Kind("plans", "plans", "What is sold.", ("plan_id",), (
            Column("plan_id", key, "Its id.", required=True),
            Column("name", text, "Name on the invoice.", required=True),
            Column("tier", text, "Your own grouping.", default=""),
            Column("trial_days", whole(0, TRIAL_DAYS_MAX), "Length of a trial.", default=0),
        ), changeable=frozenset({"name", "tier"})),
        Kind("prices", "prices", "What a plan costs, in one currency. A price never changes.", ("price_id",), (
            Column("price_id", key, "Its id.", required=True),
            Column("plan_id", key, "Its plan.", required=True, refers="plans"),
            Column("currency", currency, "Lower or upper case.", required=True),
            Column("scheme", one_of(*SCHEMES), listed(SCHEMES), required=True),
            Column("usage", one_of("licensed", "metered"),
                   "licensed: a quantity in advance. metered: usage in arrears.", default="licensed"),
            Column("aggregate", one_of("sum", "max", "last"), "Of usage within a period.", default="sum"),
            Column("meter", key, "Which usage counts, with metered."),
            Column("interval", one_of(*INTERVALS), "day, week, month or year.", required=True),
            Column("interval_count", whole(1, 36), "Every how many intervals.", default=1),
            Column("unit_minor", whole(), "Minor units for per_units units, or the flat fee.", default=0),
            Column("per_units", whole(1), "How many units unit_minor buys.", default=1),
            Column("setup_fee_minor", whole(), "Once, with the first period.", default=0),
            Column("minimum_minor", whole(), "Commitment per period.", default=0),
        ), (price_rule,)),
        Kind("tiers", "price_tiers", "Steps of graduated and volume prices.", ("price_id", "tier_no"), (
            Column("price_id", key, "Its price.", required=True, refers="prices"),
            Column("tier_no", whole(1, 1000), "1 for the first step.", required=True),
            Column("up_to", whole(1), "The last unit of the step; empty: without end."),
            Column("unit_minor", whole(), "Minor units for per_units units.", default=0),
            Column("per_units", whole(1), "How many units unit_minor buys.", default=1),
            Column("flat_minor", whole(), "Once, when the step is entered.", default=0),
        )),
        Kind("coupons", "coupons", "Discounts.", ("coupon_id",), (
            Column("coupon_id", key, "Its id.", required=True),
            Column("name", text, "Name on the invoice.", required=True),
            Column("kind", one_of("percent", "amount"), "percent or amount.", required=True),
            Column("percent", percent, "Such as 25.", into="percent_ppm"),
            Column("amount_minor", whole(1), "Minor units of currency."),
            Column("currency", currency, "Of amount_minor."),
            Column("duration", one_of("once", "repeating", "forever"), "once, repeating or forever.", required=True),
            Column("duration_months", whole(1, 120), "With repeating."),
            Column("redeem_by", instant, "Cannot be attached later."),
        ), (coupon_rule,)),
        Kind("subscriptions", "subscriptions", "Who is billed for what, and since when.", ("subscription_id",), (
            Column("subscription_id", key, "Its id.", required=True),
            Column("account_id", key, "Whose it is.", required=True, refers="accounts"),
            Column("currency", currency, "What it is billed in.", required=True),
            Column("state", one_of(*STATES), listed(STATES), default="active"),
            Column("interval", one_of(*INTERVALS), "day, week, month or year.", required=True),
            Column("interval_count", whole(1, 36), "Every how many intervals.", default=1),
            Column("anchor_on", day, "The day from which all periods are computed.", required=True),
            Column("zone", zone, "Whose midnight begins a period.", default="UTC"),
            Column("started_at", instant, "Since when.", required=True),
            Column("trial_end", instant, "End of its trial."),
            Column("trial_without_card", one_of(*WITHOUT_CARD),
                   "What its trial ends in without a card: create_invoice, pause or cancel.", default="create_invoice"),
            Column("next_period_start", instant,
                   "The first boundary billed here; started_at or trial_end where empty."),
            Column("cancel_at", instant, "When it ends."),
            Column("coupon_id", key, "Its discount.", refers="coupons"),
        ), (trial_rule,)),
        Kind("items", "subscription_items", "What a subscription is made of.", ("item_id",), (
            Column("item_id", key, "Its id.", required=True),
            Column("subscription_id", key, "Its subscription.", required=True, refers="subscriptions"),
            Column("price_id", key, "Its price.", required=True, refers="prices"),
            Column("quantity", whole(0, 10**9), "Seats or units.", default=1),
            Column("valid_from", instant, "Since when.", required=True),
            Column("valid_to", instant, "Until when."),
        )),
        Kind("usage", "usage_records", "Usage of metered prices. The same usage_key counts once.", ("usage_key",), (
            Column("usage_key", key, "The sender's own key.", required=True),
            Column("subscription_id", key, "Whose usage.", required=True, refers="subscriptions"),
            Column("meter", key, "Of what.", required=True),
            Column("quantity", whole(), "How much.", required=True),
            Column("occurred_at", instant, "When.", required=True),
        )),
        Kind("credits", "credit_grants", "Credits that customers bring along or are given.", ("credit_key",), (
            Column("credit_key", key, "Names the grant.", required=True),
            Column("account_id", key, "Whose it is.", required=True, refers="accounts"),
            Column("kind", one_of("opening", "promotional", "purchased", "goodwill"),
                   "opening: a balance taken over. Else promotional, purchased, goodwill.", default="opening"),
            Column("currency", currency, "Of the amount.", required=True),
            Column("amount_minor", whole(1), "Minor units.", required=True),
            Column("granted_at", instant, "Since when; now where empty."),
            Column("expires_at", instant, "Not usable from then on."),
            Column("priority", whole(0, 1000), "Lower goes first among equals.", default=100),
            Column("note", text, "Why.", default=""),
        )),
        Kind("invoices", "invoices", "Invoices that are open when these books begin.", ("invoice_id",), (
            Column("invoice_id", key, "Its id.", required=True),
            Column("account_id", key, "Who owes it.", required=True, refers="accounts"),
            Column("number", text, "As printed.", required=True),
            Column("currency", currency, "Of the amounts.", required=True),
            Column("total_minor", whole(1), "With tax.", required=True),
            Column("tax_minor", whole(), "Tax in it.", default=0),
            Column("open_minor", whole(1), "Still open; all of it where empty."),
            Column("issued_on", day, "Before BILLING_COLLECT_FROM it is never charged or dunned without approval.",
                   required=True),
            Column("due_on", day, "When it is or was to be paid.", required=True),
            Column("description", text, "What it was for.", default="Invoice from the previous system"),
        ), (invoice_rule,)),
    )
}  # fmt: skip
"""By name, in the order in which they build on each other."""
