-- The one row that says what is compared: grain: one row.
-- in: $cut_off and the other moments that the policy derives from it    out: temp table cut
create or replace temp table cut as
select
    $cut_off::timestamptz as cut_off,
    $settlement_before::timestamptz as settlement_before,
    $processing_before::timestamptz as processing_before,
    $payout_before::timestamptz as payout_before,
    $late_before::timestamptz as late_before,
    $bank_before::date as bank_before,
    $zone::text as close_zone
