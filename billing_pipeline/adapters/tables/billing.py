"""What is billed: subscriptions and their changes, usage, periods, invoices and lines, credits."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    SmallInteger,
    Table,
    UniqueConstraint,
)  # fmt: skip

from billing_pipeline.adapters.tables.columns import (
    account,
    currency,
    day,
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

subscriptions = Table(
    "subscriptions",
    metadata,
    key("subscription_id"),
    account(index=True),
    currency(),
    text("state"),
    text("interval"),
    whole("interval_count", server_default="1"),
    day("anchor_on"),  # periods are computed from it, never from the last end
    text("zone", server_default="UTC"),
    instant("started_at"),
    instant("trial_end", nullable=True),
    text("trial_without_card", server_default="create_invoice"),
    instant("next_period_start", nullable=True),  # the next boundary to bill; null: nothing more to bill
    instant("cancel_at", nullable=True),
    instant("canceled_at", nullable=True),
    instant("ended_at", nullable=True),
    instant("paused_at", nullable=True),
    instant("resumes_at", nullable=True),
    instant("suspended_at", nullable=True),
    text("charger", server_default="engine"),
    text("stripe_subscription_id", nullable=True, unique=True),
    text("mirror_state", server_default="none"),
    text("mirror_digest", server_default=""),  # of what the mirror was last seen to hold; '?' first: changed in Stripe
    text("mirror_reason", server_default=""),  # why there is no mirror, or what of it Stripe refused
    text("parked_reason", nullable=True),
    transaction_id(),
    one_of("state", "trialing", "active", "paused", "canceled"),
    one_of("interval", "day", "week", "month", "year"),
    one_of("charger", "engine", "stripe"),
    one_of("trial_without_card", "create_invoice", "pause", "cancel"),
    one_of("mirror_state", "none", "created", "held", "taken_over", "inexpressible", "canceled"),
    Index("subscriptions_due", "next_period_start", "account_id", postgresql_where="parked_reason is null"),
)

subscription_items = Table(
    "subscription_items",
    metadata,
    key("item_id"),
    text("subscription_id", ForeignKey("subscriptions.subscription_id"), index=True),
    text("price_id", ForeignKey("prices.price_id")),
    whole("quantity", CheckConstraint("quantity >= 0", name="quantity"), server_default="1"),
    instant("valid_from"),
    instant("valid_to", nullable=True),
    text("stripe_item_id", nullable=True, unique=True),
)

subscription_changes = Table(
    "subscription_changes",
    metadata,
    Column("change_id", BigInteger, Identity(always=True), primary_key=True),
    text("subscription_id", ForeignKey("subscriptions.subscription_id"), index=True),
    text("source", unique=True),  # names the wish: asking twice changes nothing
    text("kind"),
    jsonb("wish", server_default="{}"),  # item_id, price_id, quantity, trial_end, ... by kind
    text("timing", server_default="now"),
    instant("effective_at"),
    instant("requested_at"),
    text("requested_by"),
    instant("applied_at", nullable=True),
    text("invoice_id", nullable=True),
    text("refused_reason", nullable=True),
    one_of("kind", "start", "add", "remove", "swap", "quantity", "trial", "convert", "pause", "resume", "cancel", "keep",
           "suspend", "reinstate"),
    one_of("timing", "now", "period_end"),
)  # fmt: skip

subscription_discounts = Table(
    "subscription_discounts",
    metadata,
    key("subscription_id", ForeignKey("subscriptions.subscription_id")),
    key("coupon_id", ForeignKey("coupons.coupon_id")),
    instant("started_at"),
    instant("ends_at", nullable=True),
    whole("uses", server_default="0"),
)

usage_records = Table(
    "usage_records",
    metadata,
    key("usage_key"),  # the sender's own key: the same usage sent twice counts once
    text("subscription_id", ForeignKey("subscriptions.subscription_id")),
    text("meter"),
    whole("quantity", CheckConstraint("quantity >= 0", name="quantity")),
    instant("occurred_at"),
    instant("recorded_at"),
    text("refused_reason", nullable=True),  # such as a row for a period that is already billed
    # the invoice that counts it; it is written later in the same transaction
    text("invoice_id", ForeignKey("invoices.invoice_id", deferrable=True, initially="DEFERRED"), nullable=True),
    Index("usage_records_by_meter", "subscription_id", "meter", "occurred_at"),
)

billed_periods = Table(
    "billed_periods",
    metadata,
    key("subscription_id", ForeignKey("subscriptions.subscription_id")),
    Column("period_start", DateTime(timezone=True), primary_key=True),
    instant("period_end"),
    instant("previous_end", nullable=True),
    text("charger"),
    text("invoice_id", ForeignKey("invoices.invoice_id", deferrable=True, initially="DEFERRED"), nullable=True),
    one_of("charger", "engine", "stripe", "none"),
    CheckConstraint("period_end > period_start", name="forward"),
    CheckConstraint("previous_end = period_start", name="joins"),  # with the keys below, periods tile the time line
    UniqueConstraint("subscription_id", "period_end"),
    ForeignKeyConstraint(
        ["subscription_id", "previous_end"], ["billed_periods.subscription_id", "billed_periods.period_end"]
    ),
    Index("billed_periods_one_first", "subscription_id", unique=True, postgresql_where="previous_end is null"),
)

invoices = Table(
    "invoices",
    metadata,
    key("invoice_id"),
    account(index=True),
    text("subscription_id", ForeignKey("subscriptions.subscription_id"), nullable=True, index=True),
    text("legal_entity_id", ForeignKey("legal_entities.legal_entity_id")),
    text("number"),
    text("kind"),
    text("state"),
    currency(),
    minor("subtotal_minor"),  # lines before discount and exclusive tax
    minor("discount_minor", server_default="0"),
    minor("tax_minor", server_default="0"),
    minor("total_minor"),
    minor("previous_balance_minor", server_default="0"),
    minor("credits_minor", server_default="0"),
    minor("carried_minor", server_default="0"),  # moved to the account's carry-over: below Stripe's minimum
    minor("due_minor"),  # what is to be collected
    minor("paid_minor", server_default="0"),
    minor("credited_minor", server_default="0"),  # credit notes
    minor("refunded_minor", server_default="0"),
    flag("disputed"),
    text("charger", server_default="engine"),
    text("collection_method"),
    text("stripe_invoice_id", nullable=True, unique=True),
    instant("period_start", nullable=True),
    instant("period_end", nullable=True),
    instant("issued_at"),
    day("issued_on"),
    day("due_on"),
    instant("paid_at", nullable=True),
    instant("voided_at", nullable=True),
    instant("written_off_at", nullable=True),
    instant("backlog_approved_at", nullable=True),
    text("run_id", server_default=""),
    transaction_id(),
    UniqueConstraint("legal_entity_id", "number"),
    one_of("kind", "subscription", "change", "manual", "opening"),
    one_of("state", "pending", "paid", "overdue", "written_off", "void"),
    one_of("charger", "engine", "stripe"),
    one_of("collection_method", "automatic", "net_terms", "backlog"),
    CheckConstraint("due_minor = total_minor + previous_balance_minor - credits_minor - carried_minor", name="due"),
    CheckConstraint(
        "least(total_minor, credits_minor, due_minor, paid_minor, refunded_minor) >= 0", name="not_negative"
    ),
    CheckConstraint("(state = 'paid') = (paid_at is not null)", name="paid_at"),
    Index("invoices_ended", "invoice_id", postgresql_where="state in ('written_off', 'void')"),
    Index("invoices_open", "due_on", "account_id", postgresql_where="state in ('pending', 'overdue')"),
)

invoice_lines = Table(
    "invoice_lines",
    metadata,
    key("invoice_id", ForeignKey("invoices.invoice_id")),
    Column("line_no", SmallInteger, primary_key=True),
    text("kind"),
    text("description"),
    text("price_id", ForeignKey("prices.price_id"), nullable=True),
    whole("quantity", server_default="1"),
    minor("amount_minor"),  # before discount; before exclusive tax, with inclusive tax in it
    minor("discount_minor", server_default="0"),
    minor("tax_minor", server_default="0"),
    text("tax_rate_id", ForeignKey("tax_rates.tax_rate_id"), nullable=True),
    instant("period_start", nullable=True),  # the service period, for deferred revenue
    instant("period_end", nullable=True),
    # to_credit: a negative total moved into a credit grant; no revenue and no tax in it
    one_of(
        "kind",
        "item",
        "usage",
        "unused_time",
        "remaining_time",
        "setup_fee",
        "minimum",
        "manual",
        "opening",
        "to_credit",
    ),
)

credit_grants = Table(
    "credit_grants",
    metadata,
    key("credit_grant_id"),
    account(index=True),
    currency(),
    text("kind"),
    whole("priority", server_default="100"),
    minor("amount_minor", CheckConstraint("amount_minor > 0", name="amount")),
    minor("remaining_minor"),
    instant("granted_at"),
    instant("expires_at", nullable=True),
    instant("expired_at", nullable=True),
    text("source", unique=True),
    text("note", server_default=""),
    transaction_id(),
    one_of("kind", "promotional", "purchased", "goodwill", "refund", "overpayment", "proration", "opening"),
    CheckConstraint("remaining_minor between 0 and amount_minor", name="remaining"),
)

credit_uses = Table(
    "credit_uses",
    metadata,
    key("credit_grant_id", ForeignKey("credit_grants.credit_grant_id")),
    key("invoice_id", ForeignKey("invoices.invoice_id")),
    minor("amount_minor", CheckConstraint("amount_minor > 0", name="amount")),
    instant("used_at"),
    instant("returned_at", nullable=True),
)

carry_overs = Table(
    "carry_overs",
    metadata,
    key("account_id", ForeignKey("accounts.account_id")),
    key("currency"),
    minor("minor", CheckConstraint("minor >= 0", name="minor")),
    instant("since"),
)

credit_notes = Table(
    "credit_notes",
    metadata,
    key("credit_note_id"),
    text("invoice_id", ForeignKey("invoices.invoice_id"), index=True),
    text("legal_entity_id", ForeignKey("legal_entities.legal_entity_id")),
    text("number"),
    currency(),
    minor("amount_minor", CheckConstraint("amount_minor > 0", name="amount")),
    minor("tax_minor", server_default="0"),
    text("reason"),
    text("issued_by"),
    instant("issued_at"),
    transaction_id(),
    UniqueConstraint("legal_entity_id", "number"),
)
