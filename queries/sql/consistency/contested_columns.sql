-- As operation_columns(), but only of keys that more than one region has written. One row = one operation.
--   since, until   first instant and the one after the last
create macro contested_columns(since, until) as table
    with found as materialized (from operation_columns(since := since, until := until)),
    contested as (
        select store, key from found where is_write group by store, key having count(distinct served_by) > 1
    )
    select found.* from found semi join contested using (store, key);
