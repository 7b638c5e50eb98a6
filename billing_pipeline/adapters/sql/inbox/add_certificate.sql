-- A certificate of completeness, or the reason why there is none.
-- in: object_type, sweep_id text, complete_to timestamptz, objects bigint, sums, digest text, missed_by_events bigint,
--     issued bool, reason text, made_at timestamptz    out: rows touched
insert into certificates (object_type, sweep_id, complete_to, objects, sums, digest, missed_by_events, issued, reason, made_at)
values (:object_type, :sweep_id, :complete_to, :objects, cast(:sums as jsonb), :digest, :missed_by_events, :issued, :reason,
        :made_at)
