-- Of those days the ones that another file has told already.
-- in: bank_account text, days date[], file text    out: booked_on date, file text
select distinct booked_on, file
from bank_lines
where bank_account = :bank_account and booked_on = any(cast(:days as date[])) and file <> :file
order by booked_on
