-- What this database is bound to, and what it is: null columns on the left where it is not bound yet.
-- in: nothing    out: stripe_account_id text, livemode bool, bound_system text, bound_oid bigint, epoch bigint, system_identifier text, database_oid bigint
select l.stripe_account_id, l.livemode, l.system_identifier as bound_system, l.database_oid as bound_oid, l.epoch,
       s.system_identifier::text as system_identifier, d.oid::bigint as database_oid
from pg_control_system() s
cross join pg_database d
left join identity_lock l on l.only_row = 1
where d.datname = current_database()
