"""Who is billed and for what: accounts, plans and their prices, coupons, tax rates."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, SmallInteger, Table, UniqueConstraint

from billing_pipeline.adapters.tables.columns import (
    account,
    currency,
    flag,
    instant,
    jsonb,
    key,
    metadata,
    minor,
    one_of,
    text,
    transaction_id,
    whole,
)  # fmt: skip

legal_entities = Table(
    "legal_entities",
    metadata,
    key("legal_entity_id"),
    text("name"),
    text("address", server_default=""),
    text("country"),
    text("tax_id", server_default=""),
    text("footer", server_default=""),
)

tax_rates = Table(
    "tax_rates",
    metadata,
    key("tax_rate_id"),
    text("name"),
    text("jurisdiction"),
    whole("rate_ppm", CheckConstraint("rate_ppm between 0 and 1000000", name="rate_ppm")),  # 200000 is 20 %
    flag("inclusive"),
    flag("active", default=True),
    text("stripe_tax_rate_id", nullable=True, unique=True),
)

accounts = Table(
    "accounts",
    metadata,
    key("account_id"),
    text("legal_entity_id", ForeignKey("legal_entities.legal_entity_id")),
    text("name"),
    text("email"),
    text("country"),
    text("locale", server_default="en"),
    text("zone", server_default="UTC"),
    currency(),
    text("segment", server_default="business"),
    text("tax_id", server_default=""),
    text("tax_status", server_default="taxable"),
    text("tax_rate_id", ForeignKey("tax_rates.tax_rate_id"), nullable=True),
    jsonb("address", server_default="{}"),
    text("collection_method", server_default="automatic"),
    whole("net_terms_days", server_default="0"),
    text("invoice_prefix"),
    whole("next_invoice_number", server_default="1"),
    whole("next_credit_note_number", server_default="1"),
    text("stripe_customer_id", nullable=True, unique=True),  # null: a provisioning request
    text("customer_synced_digest", server_default=""),
    instant("customer_deleted_at", nullable=True),
    instant("created_at"),
    instant("suspended_at", nullable=True),
    instant("erased_at", nullable=True),
    text("parked_reason", nullable=True),
    transaction_id(),
    UniqueConstraint("legal_entity_id", "invoice_prefix"),
    one_of("segment", "business", "consumer"),
    one_of("tax_status", "taxable", "reverse_charge", "exempt"),
    one_of("collection_method", "automatic", "net_terms"),
)

payment_methods = Table(
    "payment_methods",
    metadata,
    key("payment_method_id"),  # Stripe's pm_...; never a card number
    account(),
    text("type"),
    text("brand", server_default=""),
    text("last4", server_default=""),
    text("fingerprint", server_default=""),
    whole("exp_month", nullable=True),
    whole("exp_year", nullable=True),
    text("country", server_default=""),
    flag("is_default"),
    instant("attached_at"),
    instant("detached_at", nullable=True),
    instant("updated_at"),
    Index(
        "payment_methods_one_default", "account_id", unique=True, postgresql_where="is_default and detached_at is null"
    ),
)

plans = Table(
    "plans",
    metadata,
    key("plan_id"),
    text("name"),
    text("tier", server_default=""),
    whole("trial_days", server_default="0"),
    flag("active", default=True),
    text("stripe_product_id", nullable=True, unique=True),
)

prices = Table(
    "prices",
    metadata,
    key("price_id"),
    text("plan_id", ForeignKey("plans.plan_id")),
    currency(),
    text("scheme"),
    text("usage", server_default="licensed"),  # licensed: a quantity; metered: usage records
    text("aggregate", server_default="sum"),  # of usage within a period
    text("meter", nullable=True),
    text("interval"),
    whole("interval_count", server_default="1"),
    minor("unit_minor", server_default="0"),
    whole("per_units", server_default="1"),  # unit_minor buys this many units
    minor("setup_fee_minor", server_default="0"),
    minor("minimum_minor", server_default="0"),  # commitment per period
    flag("active", default=True),
    text("stripe_price_id", nullable=True, unique=True),
    one_of("scheme", "flat", "per_unit", "graduated", "volume"),
    one_of("usage", "licensed", "metered"),
    one_of("aggregate", "sum", "max", "last"),
    one_of("interval", "day", "week", "month", "year"),
    CheckConstraint("interval_count between 1 and 36 and per_units > 0", name="whole_steps"),
    CheckConstraint("least(unit_minor, setup_fee_minor, minimum_minor) >= 0", name="not_negative"),
    CheckConstraint("(usage = 'metered') = (meter is not null)", name="meter"),
)

price_tiers = Table(
    "price_tiers",
    metadata,
    key("price_id", ForeignKey("prices.price_id")),
    Column("tier_no", SmallInteger, primary_key=True),
    whole("up_to", CheckConstraint("up_to > 0", name="up_to"), nullable=True),  # null: without end
    minor("unit_minor", CheckConstraint("unit_minor >= 0", name="unit_minor"), server_default="0"),
    whole("per_units", server_default="1"),
    minor("flat_minor", CheckConstraint("flat_minor >= 0", name="flat_minor"), server_default="0"),
    UniqueConstraint("price_id", "up_to"),
)

coupons = Table(
    "coupons",
    metadata,
    key("coupon_id"),
    text("name"),
    text("kind"),
    whole("percent_ppm", nullable=True),  # 250000 is 25 %
    minor("amount_minor", nullable=True),
    text("currency", nullable=True),
    text("duration"),
    whole("duration_months", nullable=True),
    instant("redeem_by", nullable=True),
    text("stripe_coupon_id", nullable=True, unique=True),
    one_of("kind", "percent", "amount"),
    one_of("duration", "once", "repeating", "forever"),
    CheckConstraint("(kind = 'percent') = (percent_ppm is not null)", name="percent"),
    CheckConstraint("(kind = 'amount') = (amount_minor is not null and currency is not null)", name="amount"),
    CheckConstraint("(duration = 'repeating') = (duration_months is not null)", name="months"),
)
