-- Whether a record is of a span of time. Names the day as well: it is what decides which files are read at all.
--   time, day      the columns of the record
--   since, until   first instant and the one after the last; null is no bound
create macro within("time", "day", since, until) as
    -- Without a bound this is gone when the query is planned: one that is always true costs a request a tenth.
    (since is null or "time" >= since::timestamptz)
    and (until is null or "time" < until::timestamptz)
    and (since is null or "day" >= (since::timestamptz at time zone 'UTC')::date)
    and (until is null or "day" <= ((until::timestamptz - interval 1 microsecond) at time zone 'UTC')::date);
