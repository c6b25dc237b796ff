-- Route 53's health checks, which it publishes in us-east-1 whatever they check. One row = one health check.
--   since, until   first instant and the one after the last; default: all times
-- `healthy` and `healthy_percent` (share of the checkers that find it healthy) are of the last minute there is, at
-- `time`; `unhealthy_minutes` counts the others as well. `region` is the one the check is about: of its target, or of
-- the record set that it decides, as told by the latest event of the span or the 30 days before it; null if none told.
create macro health_checks(since := null, until := null) as table
    with checks as (
        select
            resource as id,
            max_by(value, time) filter (where name = 'AWS/Route53/HealthCheckStatus' and statistic = 'minimum') >= 1
                as healthy,
            max_by(value, time)
                filter (where name = 'AWS/Route53/HealthCheckPercentageHealthy' and statistic = 'average')
                as healthy_percent,
            count_if(name = 'AWS/Route53/HealthCheckStatus' and statistic = 'minimum' and value < 1)::bigint
                as unhealthy_minutes,
            max(time) as time
        from metrics
        where name in ('AWS/Route53/HealthCheckStatus', 'AWS/Route53/HealthCheckPercentageHealthy')
            and within(time, day, since, until)
        group by resource
    ),
    told as (
        select
            case attributes['aws.state.source'] when 'health_check' then subject else attributes['health_check'] end as id,
            max_by(region, time) as region
        from events
        where kind in ('health_check', 'topology', 'routing')
            and attributes['aws.state.source'] in ('health_check', 'routing')
            and region <> 'global'
            and within(time, day, since::timestamptz - interval 30 days, until)
        group by 1
    )
    select told.region, checks.*
    from checks
    left join told using (id)
    order by region, id;
