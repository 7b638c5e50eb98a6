-- Room for what crosses the bridges. Grain: one row per bridge, currency, pair of days, reason and whether both ends are there and agree.
-- left and right are the two ends: ledger and objects, objects and balance, balance and payouts, payouts and bank. why names an item of one end; '' means that nothing explains it.
-- in: nothing    out: temp table prove_crossings, empty (apart: both ends are there and differ)
create or replace temp table prove_crossings (
    bridge varchar, currency varchar, left_day date, right_day date, why varchar, has_right boolean, apart boolean,
    left_minor bigint, right_minor bigint, items bigint
)
