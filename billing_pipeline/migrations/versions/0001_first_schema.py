"""The first schema, whole."""

from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from billing_pipeline.adapters.tables.columns import Xid8
from billing_pipeline.domain.ledger import LedgerAccount

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


TOUCHED: Final = (
    "balance_transactions",
    "inbox",
    "payouts",
    "stripe_attempts",
    "accounts",
    "credit_grants",
    "subscriptions",
    "invoices",
    "collections",
    "credit_notes",
    "payments",
    "disputes",
    "refunds",
)
GUARDS: Final = Path(__file__).parent.parent / "sql"


def upgrade() -> None:
    """Make every table, then the guards and the chart of accounts."""  # long because it lists the whole schema
    op.create_table(
        "balance_transactions",
        sa.Column("balance_transaction_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("reporting_category", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=True),
        sa.Column("payout_id", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("exchange_rate", sa.Text(), nullable=True),
        sa.Column("available_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("balance_transactions_currency_check")),
        sa.CheckConstraint("net_minor = amount_minor - fee_minor", name=op.f("balance_transactions_net_check")),
        sa.PrimaryKeyConstraint("balance_transaction_id", name=op.f("balance_transactions_pk")),
    )
    op.create_index(op.f("balance_transactions_payout_id_idx"), "balance_transactions", ["payout_id"], unique=False)
    op.create_index(
        "balance_transactions_pending",
        "balance_transactions",
        ["available_on"],
        unique=False,
        postgresql_where="status = 'pending'",
    )
    op.create_index(op.f("balance_transactions_source_id_idx"), "balance_transactions", ["source_id"], unique=False)
    op.create_index(op.f("balance_transactions_tx_idx"), "balance_transactions", ["tx"], unique=False)
    op.create_index(
        "balance_transactions_unbooked",
        "balance_transactions",
        ["created_at"],
        unique=False,
        postgresql_where="booked_at is null",
    )
    op.create_table(
        "bank_lines",
        sa.Column("bank_line_id", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("bank_account", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("payout_id", sa.Text(), nullable=True),
        sa.Column("payment_id", sa.Text(), nullable=True),
        sa.Column("matched_by", sa.Text(), server_default="", nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("bank_lines_currency_check")),
        sa.PrimaryKeyConstraint("bank_line_id", name=op.f("bank_lines_pk")),
    )
    op.create_index("bank_lines_by_day", "bank_lines", ["booked_on", "currency"], unique=False)
    op.create_table(
        "certificates",
        sa.Column("certificate_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("sweep_id", sa.Text(), nullable=False),
        sa.Column("complete_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("objects", sa.BigInteger(), nullable=False),
        sa.Column("sums", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("missed_by_events", sa.BigInteger(), nullable=False),
        sa.Column("issued", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("certificate_id", name=op.f("certificates_pk")),
    )
    op.create_index("certificates_latest", "certificates", ["object_type", "made_at"], unique=False)
    op.create_table(
        "closed_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("close_zone", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("proof", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("closed_days_pk")),
    )
    op.create_table(
        "coupons",
        sa.Column("coupon_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("percent_ppm", sa.BigInteger(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("duration", sa.Text(), nullable=False),
        sa.Column("duration_months", sa.BigInteger(), nullable=True),
        sa.Column("redeem_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stripe_coupon_id", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(duration = 'repeating') = (duration_months is not null)", name=op.f("coupons_months_check")
        ),
        sa.CheckConstraint(
            "(kind = 'amount') = (amount_minor is not null and currency is not null)", name=op.f("coupons_amount_check")
        ),
        sa.CheckConstraint("(kind = 'percent') = (percent_ppm is not null)", name=op.f("coupons_percent_check")),
        sa.CheckConstraint("duration in ('once', 'repeating', 'forever')", name=op.f("coupons_duration_check")),
        sa.CheckConstraint("kind in ('percent', 'amount')", name=op.f("coupons_kind_check")),
        sa.PrimaryKeyConstraint("coupon_id", name=op.f("coupons_pk")),
        sa.UniqueConstraint("stripe_coupon_id", name=op.f("coupons_stripe_coupon_id_key")),
    )
    op.create_table(
        "extract_watermarks",
        sa.Column("system_identifier", sa.Text(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("tx_to", Xid8(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("extracted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("system_identifier", "table_name", name=op.f("extract_watermarks_pk")),
    )
    op.create_table(
        "identity_lock",
        sa.Column("only_row", sa.Integer(), nullable=False),
        sa.Column("stripe_account_id", sa.Text(), nullable=False),
        sa.Column("livemode", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("system_identifier", sa.Text(), nullable=False),
        sa.Column("database_oid", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("only_row = 1", name=op.f("identity_lock_only_row_check")),
        sa.PrimaryKeyConstraint("only_row", name=op.f("identity_lock_pk")),
    )
    op.create_table(
        "imports",
        sa.Column("import_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("refusals", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", name=op.f("imports_pk")),
        sa.UniqueConstraint("kind", "digest", name=op.f("imports_kind_digest_key")),
    )
    op.create_table(
        "inbox",
        sa.Column("inbox_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("fact_key", sa.Text(), nullable=False),
        sa.Column("api_version", sa.Text(), server_default="", nullable=False),
        sa.Column("livemode", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idempotency_key", sa.Text(), server_default="", nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), server_default="new", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint(
            "source in ('webhook', 'poll', 'sweep', 'reply', 'calendar', 'repair', 'dunning', 'hand')",
            name=op.f("inbox_source_check"),
        ),
        sa.CheckConstraint("state in ('new', 'applied', 'ignored', 'dead')", name=op.f("inbox_state_check")),
        sa.PrimaryKeyConstraint("inbox_id", name=op.f("inbox_pk")),
        sa.UniqueConstraint("event_id", name=op.f("inbox_event_id_key")),
    )
    op.create_index("inbox_by_fact", "inbox", ["fact_key"], unique=False)
    op.create_index("inbox_by_object", "inbox", ["object_id", "inbox_id"], unique=False)
    op.create_index("inbox_dead", "inbox", ["inbox_id"], unique=False, postgresql_where="state = 'dead'")
    op.create_index(op.f("inbox_tx_idx"), "inbox", ["tx"], unique=False)
    op.create_index("inbox_waiting", "inbox", ["inbox_id"], unique=False, postgresql_where="state = 'new'")
    op.create_table(
        "ledger_accounts",
        sa.Column("ledger_account", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_account", name=op.f("ledger_accounts_pk")),
        sa.UniqueConstraint("name", name=op.f("ledger_accounts_name_key")),
    )
    op.create_table(
        "legal_entities",
        sa.Column("legal_entity_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("tax_id", sa.Text(), server_default="", nullable=False),
        sa.Column("footer", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("legal_entity_id", name=op.f("legal_entities_pk")),
    )
    op.create_table(
        "payouts",
        sa.Column("payout_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("automatic", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("method", sa.Text(), server_default="standard", nullable=False),
        sa.Column("arrival_on", sa.Date(), nullable=False),
        sa.Column("reconciliation_status", sa.Text(), server_default="", nullable=False),
        sa.Column("trace_id", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("payouts_currency_check")),
        sa.PrimaryKeyConstraint("payout_id", name=op.f("payouts_pk")),
    )
    op.create_index(op.f("payouts_tx_idx"), "payouts", ["tx"], unique=False)
    op.create_table(
        "plans",
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), server_default="", nullable=False),
        sa.Column("trial_days", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("stripe_product_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("plans_pk")),
        sa.UniqueConstraint("stripe_product_id", name=op.f("plans_stripe_product_id_key")),
    )
    op.create_table(
        "rate_limits",
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("next_free_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("rate_limits_pk")),
    )
    op.create_table(
        "reconciliation_runs",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("run_no", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cut_off", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("reconciliation_runs_pk")),
    )
    op.create_table(
        "seals",
        sa.Column("seal_no", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("opening", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("entry_floor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tx_from", Xid8(), nullable=False),
        sa.Column("tx_to", Xid8(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("last_entry", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("debits", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("previous_root", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seal_no", name=op.f("seals_pk")),
        sa.UniqueConstraint("epoch", "tx_from", name=op.f("seals_epoch_tx_from_key")),
    )
    op.create_table(
        "stripe_attempts",
        sa.Column("attempt_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("api_version", sa.Text(), nullable=False),
        sa.Column("method_path", sa.Text(), nullable=False),
        sa.Column("request_json", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unknown_reason", sa.Text(), nullable=True),
        sa.Column("next_check_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checks", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("object_id", sa.Text(), nullable=True),
        sa.Column("prior_charge_id", sa.Text(), server_default="", nullable=False),
        sa.Column("fingerprint", sa.Text(), server_default="", nullable=False),
        sa.Column("http_status", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.Text(), server_default="", nullable=False),
        sa.Column("codes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("remedy", sa.Text(), server_default="", nullable=False),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint(
            "operation in ('charge', 'confirm', 'refund', 'cancel', 'mirror', 'unhold', 'setup', 'customer', 'catalog')",
            name=op.f("stripe_attempts_operation_check"),
        ),
        sa.CheckConstraint(
            "outcome in ('succeeded', 'processing', 'requires_action', 'declined', 'refused', 'canceled', 'not_created')",
            name=op.f("stripe_attempts_outcome_check"),
        ),
        sa.CheckConstraint(
            "resolved_by in ('reply', 'resend', 'lookup', 'event')", name=op.f("stripe_attempts_resolved_by_check")
        ),
        sa.CheckConstraint(
            "unknown_reason in ('no_reply', 'server_error')", name=op.f("stripe_attempts_unknown_reason_check")
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("stripe_attempts_pk")),
        sa.UniqueConstraint("idempotency_key", name=op.f("stripe_attempts_idempotency_key_key")),
        sa.UniqueConstraint(
            "operation", "subject", "attempt", name=op.f("stripe_attempts_operation_subject_attempt_key")
        ),
    )
    op.create_index(
        "stripe_attempts_by_card",
        "stripe_attempts",
        ["fingerprint", "started_at"],
        unique=False,
        postgresql_where="fingerprint <> ''",
    )
    op.create_index(
        "stripe_attempts_one_open",
        "stripe_attempts",
        ["operation", "subject"],
        unique=True,
        postgresql_where="outcome is null",
    )
    op.create_index(op.f("stripe_attempts_tx_idx"), "stripe_attempts", ["tx"], unique=False)
    op.create_index(
        "stripe_attempts_unsettled",
        "stripe_attempts",
        ["lease_until"],
        unique=False,
        postgresql_where="outcome is null",
    )
    op.create_table(
        "stripe_cursors",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("high_water", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("stripe_cursors_pk")),
    )
    op.create_table(
        "tax_rates",
        sa.Column("tax_rate_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("rate_ppm", sa.BigInteger(), nullable=False),
        sa.Column("inclusive", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("stripe_tax_rate_id", sa.Text(), nullable=True),
        sa.CheckConstraint("rate_ppm between 0 and 1000000", name=op.f("tax_rates_rate_ppm_check")),
        sa.PrimaryKeyConstraint("tax_rate_id", name=op.f("tax_rates_pk")),
        sa.UniqueConstraint("stripe_tax_rate_id", name=op.f("tax_rates_stripe_tax_rate_id_key")),
    )
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("legal_entity_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False),
        sa.Column("zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), server_default="business", nullable=False),
        sa.Column("tax_id", sa.Text(), server_default="", nullable=False),
        sa.Column("tax_status", sa.Text(), server_default="taxable", nullable=False),
        sa.Column("tax_rate_id", sa.Text(), nullable=True),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("collection_method", sa.Text(), server_default="automatic", nullable=False),
        sa.Column("net_terms_days", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("invoice_prefix", sa.Text(), nullable=False),
        sa.Column("next_invoice_number", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("next_credit_note_number", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("stripe_customer_id", sa.Text(), nullable=True),
        sa.Column("customer_synced_digest", sa.Text(), server_default="", nullable=False),
        sa.Column("customer_deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parked_reason", sa.Text(), nullable=True),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint(
            "collection_method in ('automatic', 'net_terms')", name=op.f("accounts_collection_method_check")
        ),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("accounts_currency_check")),
        sa.CheckConstraint("segment in ('business', 'consumer')", name=op.f("accounts_segment_check")),
        sa.CheckConstraint(
            "tax_status in ('taxable', 'reverse_charge', 'exempt')", name=op.f("accounts_tax_status_check")
        ),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entities.legal_entity_id"], name=op.f("accounts_legal_entity_id_fk")
        ),
        sa.ForeignKeyConstraint(["tax_rate_id"], ["tax_rates.tax_rate_id"], name=op.f("accounts_tax_rate_id_fk")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("accounts_pk")),
        sa.UniqueConstraint(
            "legal_entity_id", "invoice_prefix", name=op.f("accounts_legal_entity_id_invoice_prefix_key")
        ),
        sa.UniqueConstraint("stripe_customer_id", name=op.f("accounts_stripe_customer_id_key")),
    )
    op.create_index(op.f("accounts_tx_idx"), "accounts", ["tx"], unique=False)
    op.create_table(
        "bank_matches",
        sa.Column("bank_line_id", sa.Text(), nullable=False),
        sa.Column("payout_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("matched_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "rule in ('one_to_one', 'one_to_many', 'many_to_one', 'by_hand')", name=op.f("bank_matches_rule_check")
        ),
        sa.ForeignKeyConstraint(
            ["bank_line_id"], ["bank_lines.bank_line_id"], name=op.f("bank_matches_bank_line_id_fk")
        ),
        sa.PrimaryKeyConstraint("bank_line_id", "payout_id", name=op.f("bank_matches_pk")),
    )
    op.create_table(
        "prices",
        sa.Column("price_id", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("usage", sa.Text(), server_default="licensed", nullable=False),
        sa.Column("aggregate", sa.Text(), server_default="sum", nullable=False),
        sa.Column("meter", sa.Text(), nullable=True),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("interval_count", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("unit_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("per_units", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("setup_fee_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("minimum_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("stripe_price_id", sa.Text(), nullable=True),
        sa.CheckConstraint("(usage = 'metered') = (meter is not null)", name=op.f("prices_meter_check")),
        sa.CheckConstraint("aggregate in ('sum', 'max', 'last')", name=op.f("prices_aggregate_check")),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("prices_currency_check")),
        sa.CheckConstraint("interval in ('day', 'week', 'month', 'year')", name=op.f("prices_interval_check")),
        sa.CheckConstraint("scheme in ('flat', 'per_unit', 'graduated', 'volume')", name=op.f("prices_scheme_check")),
        sa.CheckConstraint("usage in ('licensed', 'metered')", name=op.f("prices_usage_check")),
        sa.CheckConstraint("interval_count between 1 and 36 and per_units > 0", name=op.f("prices_whole_steps_check")),
        sa.CheckConstraint(
            "least(unit_minor, setup_fee_minor, minimum_minor) >= 0", name=op.f("prices_not_negative_check")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.plan_id"], name=op.f("prices_plan_id_fk")),
        sa.PrimaryKeyConstraint("price_id", name=op.f("prices_pk")),
        sa.UniqueConstraint("stripe_price_id", name=op.f("prices_stripe_price_id_key")),
    )
    op.create_table(
        "carry_overs",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("minor >= 0", name=op.f("carry_overs_minor_check")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("carry_overs_account_id_fk")),
        sa.PrimaryKeyConstraint("account_id", "currency", name=op.f("carry_overs_pk")),
    )
    op.create_table(
        "credit_grants",
        sa.Column("credit_grant_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("priority", sa.BigInteger(), server_default="100", nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("remaining_minor", sa.BigInteger(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("credit_grants_currency_check")),
        sa.CheckConstraint(
            "kind in ('promotional', 'purchased', 'goodwill', 'refund', 'overpayment', 'proration', 'opening')",
            name=op.f("credit_grants_kind_check"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("credit_grants_amount_check")),
        sa.CheckConstraint("remaining_minor between 0 and amount_minor", name=op.f("credit_grants_remaining_check")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("credit_grants_account_id_fk")),
        sa.PrimaryKeyConstraint("credit_grant_id", name=op.f("credit_grants_pk")),
        sa.UniqueConstraint("source", name=op.f("credit_grants_source_key")),
    )
    op.create_index(op.f("credit_grants_account_id_idx"), "credit_grants", ["account_id"], unique=False)
    op.create_index(op.f("credit_grants_tx_idx"), "credit_grants", ["tx"], unique=False)
    op.create_table(
        "divergences",
        sa.Column("divergence_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("payment_intent_id", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("ours", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("theirs", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("first_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("owner", sa.Text(), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("proposed_repair", sa.Text(), nullable=True),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("severity in ('error', 'warning', 'info')", name=op.f("divergences_severity_check")),
        sa.CheckConstraint(
            "state in ('open', 'resolved', 'explained', 'expired')", name=op.f("divergences_state_check")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("divergences_account_id_fk")),
        sa.PrimaryKeyConstraint("divergence_id", name=op.f("divergences_pk")),
    )
    op.create_index(op.f("divergences_account_id_idx"), "divergences", ["account_id"], unique=False)
    op.create_index(op.f("divergences_invoice_id_idx"), "divergences", ["invoice_id"], unique=False)
    op.create_index(
        "divergences_open", "divergences", ["severity", "kind"], unique=False, postgresql_where="state = 'open'"
    )
    op.create_table(
        "hooks",
        sa.Column("hook_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("state in ('queued', 'delivered', 'failed')", name=op.f("hooks_state_check")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("hooks_account_id_fk")),
        sa.PrimaryKeyConstraint("hook_id", name=op.f("hooks_pk")),
    )
    op.create_index("hooks_waiting", "hooks", ["next_try_at"], unique=False, postgresql_where="state = 'queued'")
    op.create_table(
        "journal_entries",
        sa.Column("entry_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accounting_date", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("run_id", sa.Text(), server_default="", nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("journal_entries_currency_check")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("journal_entries_account_id_fk")),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("journal_entries_pk")),
        sa.UniqueConstraint("source", name=op.f("journal_entries_source_key")),
    )
    op.create_index(op.f("journal_entries_accounting_date_idx"), "journal_entries", ["accounting_date"], unique=False)
    op.create_index(op.f("journal_entries_invoice_id_idx"), "journal_entries", ["invoice_id"], unique=False)
    op.create_index(
        "journal_entries_revenue",
        "journal_entries",
        ["currency", "accounting_date"],
        unique=False,
        postgresql_where="kind = 'revenue_recognised'",
    )
    op.create_index(op.f("journal_entries_tx_idx"), "journal_entries", ["tx"], unique=False)
    op.create_table(
        "messages",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("invoices", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body_text", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state in ('queued', 'sending', 'sent', 'failed', 'bounced', 'uncertain', 'withdrawn')",
            name=op.f("messages_state_check"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("messages_account_id_fk")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("messages_pk")),
    )
    op.create_index(op.f("messages_account_id_idx"), "messages", ["account_id"], unique=False)
    op.create_index(
        "messages_waiting", "messages", ["next_try_at"], unique=False, postgresql_where="state in ('queued', 'sending')"
    )
    op.create_table(
        "payment_methods",
        sa.Column("payment_method_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), server_default="", nullable=False),
        sa.Column("last4", sa.Text(), server_default="", nullable=False),
        sa.Column("fingerprint", sa.Text(), server_default="", nullable=False),
        sa.Column("exp_month", sa.BigInteger(), nullable=True),
        sa.Column("exp_year", sa.BigInteger(), nullable=True),
        sa.Column("country", sa.Text(), server_default="", nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("attached_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("payment_methods_account_id_fk")),
        sa.PrimaryKeyConstraint("payment_method_id", name=op.f("payment_methods_pk")),
    )
    op.create_index(
        "payment_methods_one_default",
        "payment_methods",
        ["account_id"],
        unique=True,
        postgresql_where="is_default and detached_at is null",
    )
    op.create_table(
        "price_tiers",
        sa.Column("price_id", sa.Text(), nullable=False),
        sa.Column("tier_no", sa.SmallInteger(), nullable=False),
        sa.Column("up_to", sa.BigInteger(), nullable=True),
        sa.Column("unit_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("per_units", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("flat_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("flat_minor >= 0", name=op.f("price_tiers_flat_minor_check")),
        sa.CheckConstraint("unit_minor >= 0", name=op.f("price_tiers_unit_minor_check")),
        sa.CheckConstraint("up_to > 0", name=op.f("price_tiers_up_to_check")),
        sa.ForeignKeyConstraint(["price_id"], ["prices.price_id"], name=op.f("price_tiers_price_id_fk")),
        sa.PrimaryKeyConstraint("price_id", "tier_no", name=op.f("price_tiers_pk")),
        sa.UniqueConstraint("price_id", "up_to", name=op.f("price_tiers_price_id_up_to_key")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("interval_count", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("anchor_on", sa.Date(), nullable=False),
        sa.Column("zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trial_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trial_needs_card", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("next_period_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("canceled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resumes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("charger", sa.Text(), server_default="engine", nullable=False),
        sa.Column("stripe_subscription_id", sa.Text(), nullable=True),
        sa.Column("mirror_state", sa.Text(), server_default="none", nullable=False),
        sa.Column("mirror_digest", sa.Text(), server_default="", nullable=False),
        sa.Column("mirror_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("parked_reason", sa.Text(), nullable=True),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint("charger in ('engine', 'stripe')", name=op.f("subscriptions_charger_check")),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("subscriptions_currency_check")),
        sa.CheckConstraint("interval in ('day', 'week', 'month', 'year')", name=op.f("subscriptions_interval_check")),
        sa.CheckConstraint(
            "mirror_state in ('none', 'created', 'held', 'taken_over', 'inexpressible', 'canceled')",
            name=op.f("subscriptions_mirror_state_check"),
        ),
        sa.CheckConstraint(
            "state in ('trialing', 'active', 'paused', 'canceled')", name=op.f("subscriptions_state_check")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("subscriptions_account_id_fk")),
        sa.PrimaryKeyConstraint("subscription_id", name=op.f("subscriptions_pk")),
        sa.UniqueConstraint("stripe_subscription_id", name=op.f("subscriptions_stripe_subscription_id_key")),
    )
    op.create_index(op.f("subscriptions_account_id_idx"), "subscriptions", ["account_id"], unique=False)
    op.create_index(
        "subscriptions_due",
        "subscriptions",
        ["next_period_start", "account_id"],
        unique=False,
        postgresql_where="parked_reason is null",
    )
    op.create_index(op.f("subscriptions_tx_idx"), "subscriptions", ["tx"], unique=False)
    op.create_table(
        "divergence_history",
        sa.Column("history_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("divergence_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["divergence_id"], ["divergences.divergence_id"], name=op.f("divergence_history_divergence_id_fk")
        ),
        sa.PrimaryKeyConstraint("history_id", name=op.f("divergence_history_pk")),
    )
    op.create_index(op.f("divergence_history_divergence_id_idx"), "divergence_history", ["divergence_id"], unique=False)
    op.create_table(
        "invoices",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=True),
        sa.Column("legal_entity_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("subtotal_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("previous_balance_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credits_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("carried_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("due_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credited_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("disputed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("charger", sa.Text(), server_default="engine", nullable=False),
        sa.Column("collection_method", sa.Text(), nullable=False),
        sa.Column("stripe_invoice_id", sa.Text(), nullable=True),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("written_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("backlog_approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_id", sa.Text(), server_default="", nullable=False),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint("(state = 'paid') = (paid_at is not null)", name=op.f("invoices_paid_at_check")),
        sa.CheckConstraint("charger in ('engine', 'stripe')", name=op.f("invoices_charger_check")),
        sa.CheckConstraint(
            "collection_method in ('automatic', 'net_terms', 'backlog')", name=op.f("invoices_collection_method_check")
        ),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("invoices_currency_check")),
        sa.CheckConstraint("kind in ('subscription', 'change', 'manual', 'opening')", name=op.f("invoices_kind_check")),
        sa.CheckConstraint(
            "state in ('pending', 'paid', 'overdue', 'written_off', 'void')", name=op.f("invoices_state_check")
        ),
        sa.CheckConstraint(
            "due_minor = total_minor + previous_balance_minor - credits_minor - carried_minor",
            name=op.f("invoices_due_check"),
        ),
        sa.CheckConstraint(
            "least(total_minor, credits_minor, due_minor, paid_minor, refunded_minor) >= 0",
            name=op.f("invoices_not_negative_check"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("invoices_account_id_fk")),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entities.legal_entity_id"], name=op.f("invoices_legal_entity_id_fk")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.subscription_id"], name=op.f("invoices_subscription_id_fk")
        ),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("invoices_pk")),
        sa.UniqueConstraint("legal_entity_id", "number", name=op.f("invoices_legal_entity_id_number_key")),
        sa.UniqueConstraint("stripe_invoice_id", name=op.f("invoices_stripe_invoice_id_key")),
    )
    op.create_index(op.f("invoices_account_id_idx"), "invoices", ["account_id"], unique=False)
    op.create_index(
        "invoices_ended", "invoices", ["invoice_id"], unique=False, postgresql_where="state in ('written_off', 'void')"
    )
    op.create_index(
        "invoices_open",
        "invoices",
        ["due_on", "account_id"],
        unique=False,
        postgresql_where="state in ('pending', 'overdue')",
    )
    op.create_index(op.f("invoices_subscription_id_idx"), "invoices", ["subscription_id"], unique=False)
    op.create_index(op.f("invoices_tx_idx"), "invoices", ["tx"], unique=False)
    op.create_table(
        "mirror_proposals",
        sa.Column("proposal_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("aspect", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("wish", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state in ('open', 'applied', 'rejected')", name=op.f("mirror_proposals_state_check")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.subscription_id"], name=op.f("mirror_proposals_subscription_id_fk")
        ),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("mirror_proposals_pk")),
        sa.UniqueConstraint("source", name=op.f("mirror_proposals_source_key")),
    )
    op.create_index(op.f("mirror_proposals_subscription_id_idx"), "mirror_proposals", ["subscription_id"], unique=False)
    op.create_table(
        "postings",
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("line_no", sa.SmallInteger(), nullable=False),
        sa.Column("ledger_account", sa.SmallInteger(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.CheckConstraint("minor <> 0", name=op.f("postings_minor_check")),
        sa.ForeignKeyConstraint(["entry_id"], ["journal_entries.entry_id"], name=op.f("postings_entry_id_fk")),
        sa.ForeignKeyConstraint(
            ["ledger_account"], ["ledger_accounts.ledger_account"], name=op.f("postings_ledger_account_fk")
        ),
        sa.PrimaryKeyConstraint("entry_id", "line_no", name=op.f("postings_pk")),
    )
    op.create_table(
        "repairs",
        sa.Column("repair_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("divergence_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="proposed", nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "state in ('proposed', 'approved', 'done', 'refused', 'failed')", name=op.f("repairs_state_check")
        ),
        sa.CheckConstraint("approved_by <> requested_by", name=op.f("repairs_four_eyes_check")),
        sa.ForeignKeyConstraint(
            ["divergence_id"], ["divergences.divergence_id"], name=op.f("repairs_divergence_id_fk")
        ),
        sa.PrimaryKeyConstraint("repair_id", name=op.f("repairs_pk")),
    )
    op.create_index(op.f("repairs_divergence_id_idx"), "repairs", ["divergence_id"], unique=False)
    op.create_index(
        "repairs_one_open",
        "repairs",
        ["divergence_id", "kind"],
        unique=True,
        postgresql_where="state in ('proposed', 'approved')",
    )
    op.create_table(
        "stripe_takeovers",
        sa.Column("takeover_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("boundary", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("comparison", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("direction in ('to_stripe', 'to_engine')", name=op.f("stripe_takeovers_direction_check")),
        sa.CheckConstraint(
            "state in ('rehearsed', 'planned', 'done', 'rolled_back', 'refused')",
            name=op.f("stripe_takeovers_state_check"),
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.subscription_id"], name=op.f("stripe_takeovers_subscription_id_fk")
        ),
        sa.PrimaryKeyConstraint("takeover_id", name=op.f("stripe_takeovers_pk")),
    )
    op.create_index(
        "stripe_takeovers_one_planned",
        "stripe_takeovers",
        ["subscription_id"],
        unique=True,
        postgresql_where="state = 'planned'",
    )
    op.create_index(op.f("stripe_takeovers_subscription_id_idx"), "stripe_takeovers", ["subscription_id"], unique=False)
    op.create_table(
        "subscription_changes",
        sa.Column("change_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("wish", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("timing", sa.Text(), server_default="now", nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("refused_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind in ('start', 'swap', 'quantity', 'trial', 'convert', 'pause', 'resume', 'cancel', 'keep', 'suspend', 'reinstate')",
            name=op.f("subscription_changes_kind_check"),
        ),
        sa.CheckConstraint("timing in ('now', 'period_end')", name=op.f("subscription_changes_timing_check")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.subscription_id"], name=op.f("subscription_changes_subscription_id_fk")
        ),
        sa.PrimaryKeyConstraint("change_id", name=op.f("subscription_changes_pk")),
        sa.UniqueConstraint("source", name=op.f("subscription_changes_source_key")),
    )
    op.create_index(
        op.f("subscription_changes_subscription_id_idx"), "subscription_changes", ["subscription_id"], unique=False
    )
    op.create_table(
        "subscription_discounts",
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("coupon_id", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uses", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupons.coupon_id"], name=op.f("subscription_discounts_coupon_id_fk")),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.subscription_id"],
            name=op.f("subscription_discounts_subscription_id_fk"),
        ),
        sa.PrimaryKeyConstraint("subscription_id", "coupon_id", name=op.f("subscription_discounts_pk")),
    )
    op.create_table(
        "subscription_items",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("price_id", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stripe_item_id", sa.Text(), nullable=True),
        sa.CheckConstraint("quantity >= 0", name=op.f("subscription_items_quantity_check")),
        sa.ForeignKeyConstraint(["price_id"], ["prices.price_id"], name=op.f("subscription_items_price_id_fk")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.subscription_id"], name=op.f("subscription_items_subscription_id_fk")
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("subscription_items_pk")),
        sa.UniqueConstraint("stripe_item_id", name=op.f("subscription_items_stripe_item_id_key")),
    )
    op.create_index(
        op.f("subscription_items_subscription_id_idx"), "subscription_items", ["subscription_id"], unique=False
    )
    op.create_table(
        "billed_periods",
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("charger", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.CheckConstraint("charger in ('engine', 'stripe', 'none')", name=op.f("billed_periods_charger_check")),
        sa.CheckConstraint("period_end > period_start", name=op.f("billed_periods_forward_check")),
        sa.CheckConstraint("previous_end = period_start", name=op.f("billed_periods_joins_check")),
        sa.ForeignKeyConstraint(
            ["invoice_id"],
            ["invoices.invoice_id"],
            name=op.f("billed_periods_invoice_id_fk"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id", "previous_end"],
            ["billed_periods.subscription_id", "billed_periods.period_end"],
            name=op.f("billed_periods_subscription_id_previous_end_fk"),
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.subscription_id"], name=op.f("billed_periods_subscription_id_fk")
        ),
        sa.PrimaryKeyConstraint("subscription_id", "period_start", name=op.f("billed_periods_pk")),
        sa.UniqueConstraint(
            "subscription_id", "period_end", name=op.f("billed_periods_subscription_id_period_end_key")
        ),
    )
    op.create_index(
        "billed_periods_one_first",
        "billed_periods",
        ["subscription_id"],
        unique=True,
        postgresql_where="previous_end is null",
    )
    op.create_table(
        "collections",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("payment_intent_id", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_codes", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("failed_charges", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint(
            "close_reason in ('paid', 'canceled', 'returned', 'credited', 'voided', 'given_up')",
            name=op.f("collections_close_reason_check"),
        ),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("collections_currency_check")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("collections_amount_check")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.invoice_id"], name=op.f("collections_invoice_id_fk")),
        sa.PrimaryKeyConstraint("invoice_id", "seq", name=op.f("collections_pk")),
        sa.UniqueConstraint("payment_intent_id", name=op.f("collections_payment_intent_id_key")),
    )
    op.create_index(
        "collections_one_open", "collections", ["invoice_id"], unique=True, postgresql_where="closed_at is null"
    )
    op.create_index(
        "collections_stale",
        "collections",
        ["invoice_id", "seq"],
        unique=False,
        postgresql_where="close_reason in ('credited', 'voided', 'paid') and status not in ('succeeded', 'canceled', 'processing')",
    )
    op.create_index(op.f("collections_tx_idx"), "collections", ["tx"], unique=False)
    op.create_table(
        "credit_notes",
        sa.Column("credit_note_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("legal_entity_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("issued_by", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("credit_notes_currency_check")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("credit_notes_amount_check")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.invoice_id"], name=op.f("credit_notes_invoice_id_fk")),
        sa.ForeignKeyConstraint(
            ["legal_entity_id"], ["legal_entities.legal_entity_id"], name=op.f("credit_notes_legal_entity_id_fk")
        ),
        sa.PrimaryKeyConstraint("credit_note_id", name=op.f("credit_notes_pk")),
        sa.UniqueConstraint("legal_entity_id", "number", name=op.f("credit_notes_legal_entity_id_number_key")),
    )
    op.create_index(op.f("credit_notes_invoice_id_idx"), "credit_notes", ["invoice_id"], unique=False)
    op.create_index(op.f("credit_notes_tx_idx"), "credit_notes", ["tx"], unique=False)
    op.create_table(
        "credit_uses",
        sa.Column("credit_grant_id", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("credit_uses_amount_check")),
        sa.ForeignKeyConstraint(
            ["credit_grant_id"], ["credit_grants.credit_grant_id"], name=op.f("credit_uses_credit_grant_id_fk")
        ),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.invoice_id"], name=op.f("credit_uses_invoice_id_fk")),
        sa.PrimaryKeyConstraint("credit_grant_id", "invoice_id", name=op.f("credit_uses_pk")),
    )
    op.create_table(
        "dunning_holds",
        sa.Column("hold_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('pause', 'promise', 'skip')", name=op.f("dunning_holds_kind_check")),
        sa.CheckConstraint("num_nonnulls(account_id, invoice_id) = 1", name=op.f("dunning_holds_one_subject_check")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("dunning_holds_account_id_fk")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.invoice_id"], name=op.f("dunning_holds_invoice_id_fk")),
        sa.PrimaryKeyConstraint("hold_id", name=op.f("dunning_holds_pk")),
    )
    op.create_index(
        "dunning_holds_open",
        "dunning_holds",
        ["account_id", "invoice_id"],
        unique=False,
        postgresql_where="ended_at is null",
    )
    op.create_table(
        "dunning_steps",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("intent_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("intent_status", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("owed_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("decline_class", sa.Text(), server_default="", nullable=False),
        sa.Column("failures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("run_id", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.invoice_id"], name=op.f("dunning_steps_invoice_id_fk")),
        sa.PrimaryKeyConstraint("invoice_id", "step", name=op.f("dunning_steps_pk")),
    )
    op.create_index(
        "dunning_steps_suspensions",
        "dunning_steps",
        ["invoice_id"],
        unique=False,
        postgresql_where="action = 'suspend'",
    )
    op.create_table(
        "invoice_lines",
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("line_no", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("price_id", sa.Text(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tax_rate_id", sa.Text(), nullable=True),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind in ('item', 'usage', 'unused_time', 'remaining_time', 'setup_fee', 'minimum', 'manual', 'opening', 'to_credit')",
            name=op.f("invoice_lines_kind_check"),
        ),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.invoice_id"], name=op.f("invoice_lines_invoice_id_fk")),
        sa.ForeignKeyConstraint(["price_id"], ["prices.price_id"], name=op.f("invoice_lines_price_id_fk")),
        sa.ForeignKeyConstraint(["tax_rate_id"], ["tax_rates.tax_rate_id"], name=op.f("invoice_lines_tax_rate_id_fk")),
        sa.PrimaryKeyConstraint("invoice_id", "line_no", name=op.f("invoice_lines_pk")),
    )
    op.create_table(
        "payments",
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=True),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("payment_intent_id", sa.Text(), nullable=True),
        sa.Column("charge_id", sa.Text(), nullable=True),
        sa.Column("balance_transaction_id", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("applied_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=True),
        sa.Column("refunded_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("disputed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("fingerprint", sa.Text(), server_default="", nullable=False),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("payments_currency_check")),
        sa.CheckConstraint(
            "method in ('card', 'bank_debit', 'wire', 'cheque', 'stripe_invoice', 'other')",
            name=op.f("payments_method_check"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("payments_amount_check")),
        sa.CheckConstraint("applied_minor between 0 and amount_minor", name=op.f("payments_applied_check")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.account_id"], name=op.f("payments_account_id_fk")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoices.invoice_id"], name=op.f("payments_invoice_id_fk")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("payments_pk")),
        sa.UniqueConstraint("charge_id", name=op.f("payments_charge_id_key")),
    )
    op.create_index(op.f("payments_account_id_idx"), "payments", ["account_id"], unique=False)
    op.create_index(op.f("payments_invoice_id_idx"), "payments", ["invoice_id"], unique=False)
    op.create_index(
        "payments_one_success",
        "payments",
        ["invoice_id"],
        unique=True,
        postgresql_where="applied_minor > 0 and reversed_at is null and charge_id is not null",
    )
    op.create_index(op.f("payments_tx_idx"), "payments", ["tx"], unique=False)
    op.create_table(
        "revenue_adjustments",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("line_no", sa.SmallInteger(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("adjusted_on", sa.Date(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.invoice_id"], name=op.f("revenue_adjustments_invoice_id_fk")
        ),
        sa.PrimaryKeyConstraint("source", "line_no", name=op.f("revenue_adjustments_pk")),
    )
    op.create_index(op.f("revenue_adjustments_invoice_id_idx"), "revenue_adjustments", ["invoice_id"], unique=False)
    op.create_table(
        "usage_records",
        sa.Column("usage_key", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refused_reason", sa.Text(), nullable=True),
        sa.Column("invoice_id", sa.Text(), nullable=True),
        sa.CheckConstraint("quantity >= 0", name=op.f("usage_records_quantity_check")),
        sa.ForeignKeyConstraint(
            ["invoice_id"],
            ["invoices.invoice_id"],
            name=op.f("usage_records_invoice_id_fk"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.subscription_id"], name=op.f("usage_records_subscription_id_fk")
        ),
        sa.PrimaryKeyConstraint("usage_key", name=op.f("usage_records_pk")),
    )
    op.create_index(
        "usage_records_by_meter", "usage_records", ["subscription_id", "meter", "occurred_at"], unique=False
    )
    op.create_table(
        "disputes",
        sa.Column("dispute_id", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=True),
        sa.Column("charge_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("evidence_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("disputes_currency_check")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.payment_id"], name=op.f("disputes_payment_id_fk")),
        sa.PrimaryKeyConstraint("dispute_id", name=op.f("disputes_pk")),
    )
    op.create_index(op.f("disputes_payment_id_idx"), "disputes", ["payment_id"], unique=False)
    op.create_index(op.f("disputes_tx_idx"), "disputes", ["tx"], unique=False)
    op.create_table(
        "refund_requests",
        sa.Column("refund_request_id", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refund_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="requested", nullable=False),
        sa.CheckConstraint("destination in ('card', 'credit')", name=op.f("refund_requests_destination_check")),
        sa.CheckConstraint(
            "state in ('requested', 'approved', 'sent', 'done', 'refused')", name=op.f("refund_requests_state_check")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("refund_requests_amount_check")),
        sa.CheckConstraint("approved_by <> requested_by", name=op.f("refund_requests_four_eyes_check")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.payment_id"], name=op.f("refund_requests_payment_id_fk")),
        sa.PrimaryKeyConstraint("refund_request_id", name=op.f("refund_requests_pk")),
    )
    op.create_table(
        "refunds",
        sa.Column("refund_id", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=True),
        sa.Column("charge_id", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("booked_minor", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("failure_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tx", Xid8(), server_default=sa.text("pg_current_xact_id()"), nullable=False),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name=op.f("refunds_currency_check")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.payment_id"], name=op.f("refunds_payment_id_fk")),
        sa.PrimaryKeyConstraint("refund_id", name=op.f("refunds_pk")),
    )
    op.create_index(op.f("refunds_payment_id_idx"), "refunds", ["payment_id"], unique=False)
    op.create_index(op.f("refunds_tx_idx"), "refunds", ["tx"], unique=False)

    op.execute((GUARDS / "guards_up.sql").read_text())
    for table in TOUCHED:
        op.execute(f"create trigger {table}_touch before update on {table} for each row execute function touch_tx()")
    chart = sa.table("ledger_accounts", sa.column("ledger_account"), sa.column("name"), sa.column("side"))
    op.bulk_insert(chart, [{"ledger_account": int(a), "name": a.name.lower(), "side": a.side} for a in LedgerAccount])


def downgrade() -> None:
    """Take everything away."""  # long because it lists the whole schema
    op.execute((GUARDS / "guards_down.sql").read_text())
    op.drop_index(op.f("refunds_tx_idx"), table_name="refunds")
    op.drop_index(op.f("refunds_payment_id_idx"), table_name="refunds")
    op.drop_table("refunds")
    op.drop_table("refund_requests")
    op.drop_index(op.f("disputes_tx_idx"), table_name="disputes")
    op.drop_index(op.f("disputes_payment_id_idx"), table_name="disputes")
    op.drop_table("disputes")
    op.drop_index("usage_records_by_meter", table_name="usage_records")
    op.drop_table("usage_records")
    op.drop_index(op.f("revenue_adjustments_invoice_id_idx"), table_name="revenue_adjustments")
    op.drop_table("revenue_adjustments")
    op.drop_index(op.f("payments_tx_idx"), table_name="payments")
    op.drop_index(
        "payments_one_success",
        table_name="payments",
        postgresql_where="applied_minor > 0 and reversed_at is null and charge_id is not null",
    )
    op.drop_index(op.f("payments_invoice_id_idx"), table_name="payments")
    op.drop_index(op.f("payments_account_id_idx"), table_name="payments")
    op.drop_table("payments")
    op.drop_table("invoice_lines")
    op.drop_index("dunning_steps_suspensions", table_name="dunning_steps", postgresql_where="action = 'suspend'")
    op.drop_table("dunning_steps")
    op.drop_index("dunning_holds_open", table_name="dunning_holds", postgresql_where="ended_at is null")
    op.drop_table("dunning_holds")
    op.drop_table("credit_uses")
    op.drop_index(op.f("credit_notes_tx_idx"), table_name="credit_notes")
    op.drop_index(op.f("credit_notes_invoice_id_idx"), table_name="credit_notes")
    op.drop_table("credit_notes")
    op.drop_index(op.f("collections_tx_idx"), table_name="collections")
    op.drop_index(
        "collections_stale",
        table_name="collections",
        postgresql_where="close_reason in ('credited', 'voided', 'paid') and status not in ('succeeded', 'canceled', 'processing')",
    )
    op.drop_index("collections_one_open", table_name="collections", postgresql_where="closed_at is null")
    op.drop_table("collections")
    op.drop_index("billed_periods_one_first", table_name="billed_periods", postgresql_where="previous_end is null")
    op.drop_table("billed_periods")
    op.drop_index(op.f("subscription_items_subscription_id_idx"), table_name="subscription_items")
    op.drop_table("subscription_items")
    op.drop_table("subscription_discounts")
    op.drop_index(op.f("subscription_changes_subscription_id_idx"), table_name="subscription_changes")
    op.drop_table("subscription_changes")
    op.drop_index(op.f("stripe_takeovers_subscription_id_idx"), table_name="stripe_takeovers")
    op.drop_index("stripe_takeovers_one_planned", table_name="stripe_takeovers", postgresql_where="state = 'planned'")
    op.drop_table("stripe_takeovers")
    op.drop_index("repairs_one_open", table_name="repairs", postgresql_where="state in ('proposed', 'approved')")
    op.drop_index(op.f("repairs_divergence_id_idx"), table_name="repairs")
    op.drop_table("repairs")
    op.drop_table("postings")
    op.drop_index(op.f("mirror_proposals_subscription_id_idx"), table_name="mirror_proposals")
    op.drop_table("mirror_proposals")
    op.drop_index(op.f("invoices_tx_idx"), table_name="invoices")
    op.drop_index(op.f("invoices_subscription_id_idx"), table_name="invoices")
    op.drop_index("invoices_open", table_name="invoices", postgresql_where="state in ('pending', 'overdue')")
    op.drop_index("invoices_ended", table_name="invoices", postgresql_where="state in ('written_off', 'void')")
    op.drop_index(op.f("invoices_account_id_idx"), table_name="invoices")
    op.drop_table("invoices")
    op.drop_index(op.f("divergence_history_divergence_id_idx"), table_name="divergence_history")
    op.drop_table("divergence_history")
    op.drop_index(op.f("subscriptions_tx_idx"), table_name="subscriptions")
    op.drop_index("subscriptions_due", table_name="subscriptions", postgresql_where="parked_reason is null")
    op.drop_index(op.f("subscriptions_account_id_idx"), table_name="subscriptions")
    op.drop_table("subscriptions")
    op.drop_table("price_tiers")
    op.drop_index(
        "payment_methods_one_default",
        table_name="payment_methods",
        postgresql_where="is_default and detached_at is null",
    )
    op.drop_table("payment_methods")
    op.drop_index("messages_waiting", table_name="messages", postgresql_where="state in ('queued', 'sending')")
    op.drop_index(op.f("messages_account_id_idx"), table_name="messages")
    op.drop_table("messages")
    op.drop_index(op.f("journal_entries_tx_idx"), table_name="journal_entries")
    op.drop_index(
        "journal_entries_revenue", table_name="journal_entries", postgresql_where="kind = 'revenue_recognised'"
    )
    op.drop_index(op.f("journal_entries_invoice_id_idx"), table_name="journal_entries")
    op.drop_index(op.f("journal_entries_accounting_date_idx"), table_name="journal_entries")
    op.drop_table("journal_entries")
    op.drop_index("hooks_waiting", table_name="hooks", postgresql_where="state = 'queued'")
    op.drop_table("hooks")
    op.drop_index("divergences_open", table_name="divergences", postgresql_where="state = 'open'")
    op.drop_index(op.f("divergences_invoice_id_idx"), table_name="divergences")
    op.drop_index(op.f("divergences_account_id_idx"), table_name="divergences")
    op.drop_table("divergences")
    op.drop_index(op.f("credit_grants_tx_idx"), table_name="credit_grants")
    op.drop_index(op.f("credit_grants_account_id_idx"), table_name="credit_grants")
    op.drop_table("credit_grants")
    op.drop_table("carry_overs")
    op.drop_table("prices")
    op.drop_table("bank_matches")
    op.drop_index(op.f("accounts_tx_idx"), table_name="accounts")
    op.drop_table("accounts")
    op.drop_table("tax_rates")
    op.drop_table("stripe_cursors")
    op.drop_index("stripe_attempts_unsettled", table_name="stripe_attempts", postgresql_where="outcome is null")
    op.drop_index(op.f("stripe_attempts_tx_idx"), table_name="stripe_attempts")
    op.drop_index("stripe_attempts_one_open", table_name="stripe_attempts", postgresql_where="outcome is null")
    op.drop_index("stripe_attempts_by_card", table_name="stripe_attempts", postgresql_where="fingerprint <> ''")
    op.drop_table("stripe_attempts")
    op.drop_table("seals")
    op.drop_table("reconciliation_runs")
    op.drop_table("rate_limits")
    op.drop_table("plans")
    op.drop_index(op.f("payouts_tx_idx"), table_name="payouts")
    op.drop_table("payouts")
    op.drop_table("legal_entities")
    op.drop_table("ledger_accounts")
    op.drop_index("inbox_waiting", table_name="inbox", postgresql_where="state = 'new'")
    op.drop_index(op.f("inbox_tx_idx"), table_name="inbox")
    op.drop_index("inbox_dead", table_name="inbox", postgresql_where="state = 'dead'")
    op.drop_index("inbox_by_object", table_name="inbox")
    op.drop_index("inbox_by_fact", table_name="inbox")
    op.drop_table("inbox")
    op.drop_table("imports")
    op.drop_table("identity_lock")
    op.drop_table("extract_watermarks")
    op.drop_table("coupons")
    op.drop_table("closed_days")
    op.drop_index("certificates_latest", table_name="certificates")
    op.drop_table("certificates")
    op.drop_index("bank_lines_by_day", table_name="bank_lines")
    op.drop_table("bank_lines")
    op.drop_index(
        "balance_transactions_unbooked", table_name="balance_transactions", postgresql_where="booked_at is null"
    )
    op.drop_index(op.f("balance_transactions_tx_idx"), table_name="balance_transactions")
    op.drop_index(op.f("balance_transactions_source_id_idx"), table_name="balance_transactions")
    op.drop_index(
        "balance_transactions_pending", table_name="balance_transactions", postgresql_where="status = 'pending'"
    )
    op.drop_index(op.f("balance_transactions_payout_id_idx"), table_name="balance_transactions")
    op.drop_table("balance_transactions")
