-- Makes the planner look rows up by their keys for the rest of this transaction. A billing run reads a few thousand rows by
-- key out of tables that grow under it; a plan made while they were small would read them whole, again for every group.
-- in: nothing    out: the settings
select set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true)
