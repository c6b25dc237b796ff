-- Whether a record is of a span of time. Names the day as well: it is what decides which files are read at all.
--   time, day      the columns of the record
--   since, until   first instant and the one after the last; null is no bound
create macro within("time", "day", since, until) as
    "time" >= coalesce(since::timestamptz, '-infinity')
    and "time" < coalesce(until::timestamptz, 'infinity')
    and "day" >= (coalesce(since::timestamptz, '-infinity') at time zone 'UTC')::date
    and "day" <= (coalesce(until::timestamptz - interval 1 microsecond, 'infinity') at time zone 'UTC')::date;
