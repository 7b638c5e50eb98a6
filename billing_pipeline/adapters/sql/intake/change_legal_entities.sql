-- Changes what may change of a seller; null leaves a field as it is. Invoices already sent are not rendered anew.
-- in: key, name, address, tax_id, footer text    out: nothing
update legal_entities set name = coalesce(%(name)s, name), address = coalesce(%(address)s, address),
    tax_id = coalesce(%(tax_id)s, tax_id), footer = coalesce(%(footer)s, footer)
where legal_entity_id = %(key)s
