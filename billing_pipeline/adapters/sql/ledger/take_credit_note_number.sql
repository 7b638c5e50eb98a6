-- The next credit note number of the account, taken: prefix-CN-0001. The account is locked, so there are no gaps.
-- in: account text    out: number text
update accounts set next_credit_note_number = next_credit_note_number + 1
where account_id = :account
returning invoice_prefix || '-CN-' || lpad((next_credit_note_number - 1)::text, greatest(4, length((next_credit_note_number - 1)::text)), '0')
    as number
