-- What a failover or switchover begins with, in time order. One row = one moment at which something such happened.
--   since, until   first instant and the one after the last; default: all times
create macro failover_signs(since := null, until := null) as table
    with signs as (
        select time from moves(since := since, until := until) where kind <> 'alarm'
        union
        select begun from unhealthy_checks(since := since, until := until)
    )
    select time from signs order by time;
