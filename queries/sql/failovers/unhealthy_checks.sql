-- When Route 53's health checks failed: minutes in which one was unhealthy. One row = one run of such minutes.
--   since, until   first instant and the one after the last; default: all times
-- `begun` is the minute in which it became unhealthy and `ended` the first in which it was healthy throughout; null if
-- none is known. A minute without a point says nothing and ends no run.
create macro unhealthy_checks(since := null, until := null) as table
    with points as (
        select
            resource as id,
            time,
            min(value) < 1 as unhealthy,
            lag(unhealthy, 1, false) over (partition by resource order by time) as before
        from metrics
        where name = 'AWS/Route53/HealthCheckStatus'
            and statistic = 'minimum'
            and within(time, day, since, until)
        group by resource, time
    ),
    changes as (
        select id, time, unhealthy, lead(time) over (partition by id order by time) as ended
        from points
        where unhealthy <> before
    )
    select id, time as begun, ended from changes where unhealthy order by begun, id;
