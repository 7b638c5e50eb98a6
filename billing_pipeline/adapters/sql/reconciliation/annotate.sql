-- A person's word on a divergence; empty words leave what is there.
-- in: divergence_id text, at timestamptz, who text, state text, owner text, note text    out: divergence_id text
with told as (
    update divergences
    set state = case when :state = '' then state else :state end,
        owner = case when :owner = '' then owner else :owner end,
        note = case when :note = '' then note else :note end,
        closed_at = case when :state = 'explained' then cast(:at as timestamptz) when :state = 'open' then null else closed_at end
    where divergence_id = :divergence_id
    returning divergence_id
)
insert into divergence_history (divergence_id, at, who, what, note)
select divergence_id, :at, :who, coalesce(nullif(:state, ''), 'noted'), :note from told
returning divergence_id
