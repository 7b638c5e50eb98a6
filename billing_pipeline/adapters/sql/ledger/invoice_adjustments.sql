-- What was taken back of an invoice's deferred revenue so far.
-- in: invoice text    out: line_no int, adjusted_on date, minor bigint
select line_no, adjusted_on, minor from revenue_adjustments where invoice_id = :invoice order by adjusted_on, source, line_no
