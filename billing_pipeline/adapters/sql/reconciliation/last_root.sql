-- The newest seal of the journal.
-- in: nothing    out: root text (hexadecimal)
select encode(root, 'hex') as root from seals order by seal_no desc limit 1
