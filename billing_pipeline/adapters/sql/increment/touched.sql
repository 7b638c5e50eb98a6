-- What was touched since the last comparison. Grain: one row per thing and change.
-- in: nothing    out: table carried.touched (kind: intent, invoice, charge, refund, dispute, txn, payout, mirror, subscription, billed, customer)
create table if not exists carried.touched (kind varchar not null, id varchar not null)
