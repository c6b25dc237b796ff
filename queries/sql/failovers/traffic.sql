-- How many requests each region and service answered, and how many of them with 5xx, by periods of time.
-- One row = one region, service and period in which there was a request (see served).
--   seconds        length of a period
--   since, until   first instant and the one after the last; default: all times
-- `bin` numbers the periods from 1970 on: a period begins `bin * seconds` seconds later.
create macro traffic(seconds, since := null, until := null) as table
    select
        region,
        service,
        time_us // (seconds * 1000000) as bin,
        count(*) as requests,
        count_if(failed) as failed
    from served(since := since, until := until)
    group by all;
