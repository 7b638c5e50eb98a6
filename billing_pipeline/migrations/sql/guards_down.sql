-- Takes back guards_up.sql; the triggers go with their tables.
drop function if exists refuse_rewrite cascade;
drop function if exists check_balance cascade;
drop function if exists check_day_is_open cascade;
drop function if exists touch_tx cascade;
