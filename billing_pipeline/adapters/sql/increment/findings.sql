-- What the last comparison found. Grain: one row per finding.
-- in: nothing    out: table carried.findings (statement: which comparison found it; then the columns of a finding)
create table if not exists carried.findings (
    statement varchar not null,
    kind varchar not null,
    subject varchar not null,
    invoice_id varchar,
    payment_intent_id varchar,
    account_id varchar,
    currency varchar,
    amount_minor bigint,
    ours varchar,
    theirs varchar,
    evidence varchar
)
