-- Adds an item, or the former version of one under a name of its own: its usage may still have to be billed.
-- in: item_id text, subscription_id text, price_id text, quantity bigint, valid_from timestamptz, valid_to timestamptz
-- out: nothing
insert into subscription_items (item_id, subscription_id, price_id, quantity, valid_from, valid_to)
values (%(item_id)s, %(subscription_id)s, %(price_id)s, %(quantity)s, %(valid_from)s, %(valid_to)s)
