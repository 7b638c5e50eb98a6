"""What reconciliation and dunning keep: divergences, repairs, certificates, bank lines, steps taken, messages."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Identity, Index, Table, UniqueConstraint

from billing_pipeline.adapters.tables.columns import (
    Xid8,
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
    whole,
)  # fmt: skip

certificates = Table(
    "certificates",
    metadata,
    Column("certificate_id", BigInteger, Identity(), primary_key=True),
    text("object_type"),
    text("sweep_id"),
    instant("complete_to"),
    whole("objects"),
    jsonb("sums"),  # minor units by currency
    text("digest"),
    whole("missed_by_events"),
    flag("issued"),
    text("reason", server_default=""),  # why it could not be issued
    instant("made_at"),
    Index("certificates_latest", "object_type", "made_at"),
)

extract_watermarks = Table(
    "extract_watermarks",
    metadata,
    key("system_identifier"),
    key("table_name"),
    Column("tx_to", Xid8, nullable=False),
    text("run_id"),
    instant("extracted_at"),
)

reconciliation_runs = Table(
    "reconciliation_runs",
    metadata,
    key("run_id"),
    Column("run_no", BigInteger, Identity(), nullable=False),  # the order of runs: a clock may stand still
    instant("cut_off"),  # objects created after it are not compared
    instant("started_at"),
    instant("finished_at", nullable=True),
    text("error", nullable=True),
    jsonb("counts", server_default="{}"),
)

divergences = Table(
    "divergences",
    metadata,
    key("divergence_id"),  # kind and subject: seen again it is the same row, one day older
    text("kind"),
    text("severity"),
    text("subject"),
    text("invoice_id", nullable=True, index=True),
    text("payment_intent_id", nullable=True),
    account(nullable=True, index=True),
    text("currency", nullable=True),
    minor("amount_minor", nullable=True),
    jsonb("ours", server_default="{}"),
    jsonb("theirs", server_default="{}"),
    jsonb("evidence", server_default="[]"),
    instant("first_seen"),
    instant("last_seen"),
    text("state", server_default="open"),
    text("owner", server_default=""),
    text("note", server_default=""),
    text("proposed_repair", nullable=True),
    text("run_id"),
    instant("closed_at", nullable=True),
    one_of("severity", "error", "warning", "info"),
    one_of("state", "open", "resolved", "explained", "expired"),
    Index("divergences_open", "severity", "kind", postgresql_where="state = 'open'"),
)

divergence_history = Table(
    "divergence_history",
    metadata,
    Column("history_id", BigInteger, Identity(), primary_key=True),
    text("divergence_id", ForeignKey("divergences.divergence_id"), index=True),
    instant("at"),
    text("who"),
    text("what"),
    text("note", server_default=""),
)

repairs = Table(
    "repairs",
    metadata,
    Column("repair_id", BigInteger, Identity(), primary_key=True),
    text("divergence_id", ForeignKey("divergences.divergence_id"), index=True),
    text("kind"),
    jsonb("plan"),  # what it would do and the entries it would book
    minor("amount_minor", server_default="0"),
    text("currency", nullable=True),
    text("state", server_default="proposed"),
    text("requested_by"),
    instant("requested_at"),
    text("approved_by", nullable=True),
    instant("approved_at", nullable=True),
    instant("done_at", nullable=True),
    text("outcome", server_default=""),
    one_of("state", "proposed", "approved", "done", "refused", "failed"),
    CheckConstraint("approved_by <> requested_by", name="four_eyes"),
    Index(
        "repairs_one_open", "divergence_id", "kind", unique=True, postgresql_where="state in ('proposed', 'approved')"
    ),
)

bank_lines = Table(
    "bank_lines",
    metadata,
    key("bank_line_id"),  # digest of file line and its place: a file loaded twice adds nothing
    text("file"),
    text("bank_account"),
    day("booked_on"),
    currency(),
    minor("amount_minor"),
    text("reference"),
    text("payout_id", nullable=True),
    text("payment_id", nullable=True),
    text("matched_by", server_default=""),
    instant("loaded_at"),
    Index("bank_lines_by_day", "booked_on", "currency"),
)

bank_matches = Table(
    "bank_matches",
    metadata,
    key("bank_line_id", ForeignKey("bank_lines.bank_line_id")),
    key("payout_id"),  # one line may pay several payouts, one payout may come in several lines
    minor("amount_minor"),
    text("rule"),
    instant("matched_at"),
    one_of("rule", "one_to_one", "one_to_many", "many_to_one", "by_hand"),
)

dunning_steps = Table(
    "dunning_steps",
    metadata,
    key("invoice_id", ForeignKey("invoices.invoice_id")),
    key("step"),  # at most once per invoice
    text("action"),
    text("policy_version"),
    text("segment"),
    day("planned_on"),
    instant("taken_at"),
    instant("intent_read_at", nullable=True),
    text("intent_status", server_default=""),
    text("outcome", server_default=""),
    minor("owed_minor", server_default="0"),  # what the invoice owed when the step was taken
    text("decline_class", server_default=""),  # of the latest failure then
    whole("failures", server_default="0"),
    text("run_id", server_default=""),
    Index("dunning_steps_suspensions", "invoice_id", postgresql_where="action = 'suspend'"),
)

dunning_holds = Table(
    "dunning_holds",
    metadata,
    Column("hold_id", BigInteger, Identity(), primary_key=True),
    text("account_id", ForeignKey("accounts.account_id"), nullable=True),
    text("invoice_id", ForeignKey("invoices.invoice_id"), nullable=True),
    text("kind"),
    day("until", nullable=True),
    text("who"),
    text("why"),
    instant("made_at"),
    instant("ended_at", nullable=True),
    one_of("kind", "pause", "promise", "skip"),
    Index("dunning_holds_open", "account_id", "invoice_id", postgresql_where="ended_at is null"),
    CheckConstraint("num_nonnulls(account_id, invoice_id) = 1", name="one_subject"),
)

messages = Table(
    "messages",
    metadata,
    key("message_id"),  # names invoice and step: one e-mail per step
    account(index=True),
    jsonb("invoices"),
    text("template"),
    text("language"),
    text("recipient"),
    text("subject"),
    text("body_text"),
    text("body_html"),
    text("state", server_default="queued"),
    whole("attempts", server_default="0"),
    instant("queued_at"),
    instant("next_try_at"),
    instant("sent_at", nullable=True),
    text("error", server_default=""),
    Index("messages_waiting", "next_try_at", postgresql_where="state in ('queued', 'sending')"),
    one_of("state", "queued", "sending", "sent", "failed", "bounced", "uncertain", "withdrawn"),
)

hooks = Table(
    "hooks",
    metadata,
    key("hook_id"),  # suspension and reinstatement for other systems
    account(),
    text("type"),
    jsonb("payload"),
    text("state", server_default="queued"),
    whole("attempts", server_default="0"),
    instant("made_at"),
    instant("next_try_at"),
    instant("delivered_at", nullable=True),
    text("error", server_default=""),
    one_of("state", "queued", "delivered", "failed"),
    Index("hooks_waiting", "next_try_at", postgresql_where="state = 'queued'"),
)

imports = Table(
    "imports",
    metadata,
    Column("import_id", BigInteger, Identity(), primary_key=True),
    text("file"),
    text("digest"),
    text("kind"),
    whole("rows"),
    whole("refused"),
    jsonb("refusals", server_default="[]"),
    instant("imported_at"),
    text("imported_by"),
    UniqueConstraint("kind", "digest"),
)
