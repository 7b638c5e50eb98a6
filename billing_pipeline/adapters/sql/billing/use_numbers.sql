-- Takes invoice numbers from the accounts' own series; the accounts are locked, so the series has no gap.
-- in: accounts text, counts text, both joined by chr(31)    out: nothing
update accounts as a
set next_invoice_number = a.next_invoice_number + w.used
from unnest(
    string_to_array(:accounts, chr(31)), cast(string_to_array(:counts, chr(31)) as bigint[])
) as w (account_id, used)
where a.account_id = w.account_id
