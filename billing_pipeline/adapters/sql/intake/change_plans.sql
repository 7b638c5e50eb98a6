-- Changes what may change of a plan; null leaves a field as it is.
-- in: key, name, tier text    out: nothing
update plans set name = coalesce(%(name)s, name), tier = coalesce(%(tier)s, tier)
where plan_id = %(key)s
