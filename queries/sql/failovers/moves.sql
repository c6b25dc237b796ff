-- Events that tell of a failover or belong to one: a role or traffic that moves, a health check, an alarm, a drill, a
-- notice of AWS Health. One row = one event, in time order.
--   since, until   first instant and the one after the last; default: all times
-- `source` is who told: rds, elasticache, arc-region-switch, fis, health (of EventBridge), aurora, routing,
-- health_check … (of our poller).
create macro moves(since := null, until := null) as table
    select
        time,
        region,
        kind,
        subject,
        state,
        from_region,
        to_region,
        title,
        event_id,
        coalesce(
            attributes['aws.state.source'],
            regexp_extract(coalesce(attributes['aws.event.source'], attributes['eventSource']), '^(?:aws\.)?([\w-]+)', 1)
        ) as source,
        coalesce(attributes['EventID'], attributes['experiment-template-id'], attributes['eventTypeCode']) as code
    from events
    where kind in ('failover', 'switchover', 'routing', 'health_check', 'alarm', 'drill', 'aws_health')
        and within(time, day, since, until)
    order by time, kind, event_id;
