"""What we asked of Stripe and what it told us: attempts, collections, payments, refunds, payouts, the inbox."""
# long because it lists every table that facts from Stripe fill

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    UniqueConstraint,
)
from sqlalchemy import text as expression

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

stripe_attempts = Table(
    "stripe_attempts",
    metadata,
    Column("attempt_id", BigInteger, Identity(), primary_key=True),
    text("operation"),
    text("subject"),  # what it is about: invoice id and seq, refund request, subscription, ...
    whole("attempt"),
    text("idempotency_key", unique=True),
    text("api_version"),
    text("method_path"),  # such as 'post /v1/payment_intents'
    text("request_json"),  # frozen: a resend sends these very bytes
    instant("started_at"),
    instant("lease_until"),
    text("unknown_reason", nullable=True),  # no_reply: may be resent; server_error: only asked for
    instant("next_check_at", nullable=True),
    whole("checks", server_default="0"),
    text("outcome", nullable=True),  # null: open or unknown
    instant("outcome_at", nullable=True),
    text("resolved_by", nullable=True),
    text("object_id", nullable=True),
    text("prior_charge_id", server_default=""),  # latest_charge before a confirm: tells a new charge from the old one
    text("fingerprint", server_default=""),
    whole("http_status", nullable=True),
    text("request_id", server_default=""),
    jsonb("codes", server_default="{}"),
    text("remedy", server_default=""),
    transaction_id(),
    UniqueConstraint("operation", "subject", "attempt"),
    one_of("operation", "charge", "confirm", "refund", "cancel", "mirror", "unhold", "setup", "customer", "catalog"),
    one_of("unknown_reason", "no_reply", "server_error"),
    one_of("outcome", "succeeded", "processing", "requires_action", "declined", "refused", "canceled", "not_created"),
    one_of("resolved_by", "reply", "resend", "lookup", "event"),
    Index("stripe_attempts_one_open", "operation", "subject", unique=True, postgresql_where="outcome is null"),
    Index("stripe_attempts_unsettled", "lease_until", postgresql_where="outcome is null"),
    Index("stripe_attempts_by_card", "fingerprint", "started_at", postgresql_where="fingerprint <> ''"),
)

collections = Table(
    "collections",
    metadata,
    key("invoice_id", ForeignKey("invoices.invoice_id")),
    Column("seq", Integer, primary_key=True),
    minor("amount_minor", CheckConstraint("amount_minor > 0", name="amount")),
    currency(),
    text("payment_intent_id", nullable=True, unique=True),
    text("status", server_default=""),  # the intent's status as last applied from a Stripe fact
    whole("failures", server_default="0"),  # definite declines, from applied facts
    jsonb("last_codes", server_default="{}"),
    jsonb("failed_charges", server_default="[]"),  # charges counted in failures: one told twice counts once
    instant("last_failed_at", nullable=True),
    instant("retry_at", nullable=True),  # dunning's wish; a retry is a new attempt on the same intent
    instant("opened_at"),
    instant("closed_at", nullable=True),
    text("close_reason", nullable=True),
    transaction_id(),
    one_of("close_reason", "paid", "canceled", "returned", "credited", "voided", "given_up"),
    Index("collections_one_open", "invoice_id", unique=True, postgresql_where="closed_at is null"),
    Index(
        "collections_stale",
        "invoice_id",
        "seq",
        postgresql_where="close_reason in ('credited', 'voided', 'paid') "
        "and status not in ('succeeded', 'canceled', 'processing')",
    ),
)

card_declines = Table(
    "card_declines",  # whoever asked for the try: the engine, a customer on the payment page, Stripe by itself
    metadata,
    key("charge_id"),
    text("fingerprint"),
    text("invoice_id"),  # '' where the charge is for no invoice of ours
    instant("declined_at"),
    flag("by_us"),  # our own call made it, so that stripe_attempts counts it
    Index("card_declines_by_card", "fingerprint", "declined_at"),
)

payments = Table(
    "payments",
    metadata,
    key("payment_id"),  # pi_... for Stripe, chosen by us for money booked by hand
    account(nullable=True, index=True),
    text("invoice_id", ForeignKey("invoices.invoice_id"), nullable=True, index=True),
    text("method"),
    text("payment_intent_id", nullable=True),
    text("charge_id", nullable=True, unique=True),
    text("balance_transaction_id", nullable=True),
    currency(),
    minor("amount_minor", CheckConstraint("amount_minor > 0", name="amount")),
    minor("applied_minor"),  # to the invoice; the rest became credit or unapplied cash
    minor("fee_minor", nullable=True),  # in settlement currency; null until the balance transaction is known
    minor("refunded_minor", server_default="0"),
    flag("disputed"),
    text("fingerprint", server_default=""),
    instant("succeeded_at"),
    instant("reversed_at", nullable=True),
    transaction_id(),
    one_of("method", "card", "bank_debit", "wire", "cheque", "stripe_invoice", "other"),
    CheckConstraint("applied_minor between 0 and amount_minor", name="applied"),
    Index("payments_one_success", "invoice_id", unique=True,
          postgresql_where="applied_minor > 0 and reversed_at is null and charge_id is not null"),
)  # fmt: skip

refunds = Table(
    "refunds",
    metadata,
    key("refund_id"),
    text("payment_id", ForeignKey("payments.payment_id"), nullable=True, index=True),
    text("charge_id"),
    currency(),
    minor("amount_minor"),
    minor("booked_minor", server_default="0"),  # how much of it stands in the books: 0 or all
    text("status"),
    text("reason", server_default=""),
    text("failure_reason", server_default=""),
    instant("created_at"),
    transaction_id(),
)

refund_requests = Table(
    "refund_requests",
    metadata,
    key("refund_request_id"),
    text("payment_id", ForeignKey("payments.payment_id")),
    minor("amount_minor", CheckConstraint("amount_minor > 0", name="amount")),
    text("destination"),
    text("reason"),
    text("requested_by"),
    instant("requested_at"),
    text("approved_by", nullable=True),
    instant("approved_at", nullable=True),
    text("refund_id", nullable=True),
    text("state", server_default="requested"),
    one_of("destination", "card", "credit"),
    one_of("state", "requested", "approved", "sent", "done", "refused"),
    CheckConstraint("approved_by <> requested_by", name="four_eyes"),
)

disputes = Table(
    "disputes",
    metadata,
    key("dispute_id"),
    text("payment_id", ForeignKey("payments.payment_id"), nullable=True, index=True),
    text("charge_id"),
    currency(),
    minor("amount_minor"),
    text("status"),
    text("reason", server_default=""),
    minor("fee_minor", server_default="0"),
    instant("evidence_due_at", nullable=True),
    instant("created_at"),
    transaction_id(),
)

payouts = Table(
    "payouts",
    metadata,
    key("payout_id"),
    currency(),
    minor("amount_minor"),
    text("status"),
    flag("automatic", default=True),
    text("method", server_default="standard"),
    day("arrival_on"),
    text("reconciliation_status", server_default=""),
    text("trace_id", server_default=""),
    instant("created_at"),
    transaction_id(),
)

balance_transactions = Table(
    "balance_transactions",
    metadata,
    key("balance_transaction_id"),
    text("type"),
    text("reporting_category"),
    text("source_id", nullable=True, index=True),
    text("payout_id", nullable=True, index=True),
    currency(),  # of settlement
    minor("amount_minor"),
    minor("fee_minor"),
    minor("net_minor"),
    text("exchange_rate", nullable=True),  # decimal text as Stripe sent it; never a float
    instant("available_on"),
    text("status"),  # pending until its money was booked as available here
    instant("created_at"),
    instant("booked_at", nullable=True),
    transaction_id(),
    CheckConstraint("net_minor = amount_minor - fee_minor", name="net"),
    Index("balance_transactions_unbooked", "created_at", postgresql_where="booked_at is null"),
    Index("balance_transactions_pending", "available_on", postgresql_where="status = 'pending'"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("inbox_id", BigInteger, Identity(), primary_key=True),
    text("event_id", unique=True),  # Stripe's evt_..., or the name of a fact from another source
    text("source"),
    text("type"),
    text("object_type"),
    text("object_id"),
    text("fact_key"),  # object, fact and discriminator: two events may tell one fact
    text("api_version", server_default=""),
    flag("livemode"),
    instant("occurred_at"),
    instant("received_at"),
    text("idempotency_key", server_default=""),  # ours, when the event is the echo of our own call
    jsonb("payload"),
    text("state", server_default="new"),
    whole("attempts", server_default="0"),
    instant("claimed_until", nullable=True),
    text("reason", server_default=""),
    instant("applied_at", nullable=True),
    transaction_id(),
    one_of("source", "webhook", "poll", "sweep", "reply", "calendar", "repair", "dunning", "hand"),
    one_of("state", "new", "applied", "ignored", "dead"),
    Index("inbox_waiting", "inbox_id", postgresql_where="state = 'new'"),
    Index("inbox_dead", "inbox_id", postgresql_where="state = 'dead'"),
    Index("inbox_by_object", "object_id", "inbox_id"),
    Index("inbox_by_fact", "fact_key"),
    Index(
        "inbox_ignored_by_charge",
        expression("coalesce(payload ->> 'charge', object_id)"),
        postgresql_where=expression(
            "state = 'ignored' and (object_type in ('refund', 'dispute')"
            " or (object_type = 'charge' and payload ->> 'status' = 'failed'))"
        ),
    ),
)

stripe_cursors = Table(
    "stripe_cursors",
    metadata,
    key("name"),
    instant("high_water"),
    instant("checked_at"),
    jsonb("detail", server_default="{}"),
)

rate_limits = Table(
    "rate_limits",
    metadata,
    key("bucket"),  # 'global' or an operation: one row is one limit shared by all processes
    whole("next_free_us"),  # microseconds since the epoch of the wall clock
)

identity_lock = Table(
    "identity_lock",
    metadata,
    Column("only_row", Integer, CheckConstraint("only_row = 1", name="only_row"), primary_key=True),
    text("stripe_account_id"),
    flag("livemode"),
    text("system_identifier"),
    whole("database_oid"),
    whole("epoch"),
    instant("bound_at"),
    text("reason"),
)

stripe_takeovers = Table(
    "stripe_takeovers",
    metadata,
    Column("takeover_id", BigInteger, Identity(), primary_key=True),
    text("subscription_id", ForeignKey("subscriptions.subscription_id"), index=True),
    text("direction"),
    instant("boundary"),
    text("state"),
    jsonb("comparison", server_default="{}"),
    text("requested_by"),
    instant("requested_at"),
    instant("done_at", nullable=True),
    text("reason", server_default=""),
    one_of("direction", "to_stripe", "to_engine"),
    one_of("state", "rehearsed", "planned", "done", "rolled_back", "refused"),
    Index("stripe_takeovers_one_planned", "subscription_id", unique=True, postgresql_where="state = 'planned'"),
)

mirror_proposals = Table(
    "mirror_proposals",
    metadata,
    Column("proposal_id", BigInteger, Identity(), primary_key=True),
    text("source", unique=True),  # what was seen: seen again it is the same proposal
    text("subscription_id", ForeignKey("subscriptions.subscription_id"), index=True),
    text("aspect"),
    text("words"),  # what was changed in Stripe, for the person who decides
    text("kind", nullable=True),  # of the change that would follow it; null: nothing of ours can express it
    jsonb("wish", server_default="{}"),
    text("state", server_default="open"),
    instant("proposed_at"),
    text("decided_by", nullable=True),
    instant("decided_at", nullable=True),
    one_of("state", "open", "applied", "rejected"),
)
