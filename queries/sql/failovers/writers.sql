-- Which region took the writes of each store, by periods of time: of operations() those that were acknowledged.
-- One row = one store, region that served, region that logged, and period in which there was a write.
--   seconds        length of a period
--   since, until   first instant and the one after the last; default: all times
-- `bin` numbers the periods from 1970 on, `first_us` and `last_us` are the ends of the first and the last write,
-- microseconds since 1970 by the clock of `region`.
create macro writers(seconds, since := null, until := null) as table
    select
        store,
        layer,
        served_by,
        region,
        epoch_us(time) // (seconds * 1000000) as bin,
        count(*) as writes,
        min(epoch_us(time)) as first_us,
        max(epoch_us(time)) as last_us
    from operations(since := since, until := until)
    where op = 'write'
        and result = 'ok'
        and store is not null
    group by all;
