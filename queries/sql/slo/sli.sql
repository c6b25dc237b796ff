-- What the query of a service level indicator yields: counts. One row = one minute in one region, or of one ordered
-- pair of regions; but this macro has none, it stands for the columns.
--   minute          start of the minute
--   region          region that answered, or the one that replication comes from
--   target_region   region that replication goes to; null where one region is enough
--   good, valid     how many events there were that are known to be good or bad, and how many of them are good
--   unknown         how many more of which that is not known; null is 0
-- A minute without a row is one without data. target_region and unknown may be left out.
create macro sli() as table
    select
        null::timestamptz as minute,
        null::varchar as region,
        null::varchar as target_region,
        null::bigint as good,
        null::bigint as valid,
        null::bigint as unknown
    where false;
