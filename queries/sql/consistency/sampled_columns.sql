-- As operation_columns(), but only of one key in so many, the same in all regions, and of those only of keys that
-- were written. One row = one operation.
--   since, until   first instant and the one after the last
--   sample         one key in so many
create macro sampled_columns(since, until, sample) as table
    with found as materialized (
        from operation_columns(since := since, until := until) where hash(store, key) % sample = 0
    ),
    written as (select distinct store, key from found where is_write)
    select found.* from found semi join written using (store, key);
