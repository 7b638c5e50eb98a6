-- Takes deferred revenue of a line back; a second time changes nothing.
-- in: source, line_no, invoice_id, adjusted_on, minor    out: nothing
insert into revenue_adjustments (source, line_no, invoice_id, adjusted_on, minor)
values (%(source)s, %(line_no)s, %(invoice_id)s, %(adjusted_on)s, %(minor)s)
on conflict do nothing
