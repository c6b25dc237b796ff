-- What changed its state, in time order. One row = one event.
--   since, until   first instant and the one after the last; default: all times
create macro changes(since := null, until := null) as table
    select
        time,
        region,
        kind,
        coalesce(subject, '') as subject,
        coalesce(state, '') as state,
        from_region,
        to_region,
        coalesce(title, '') as title,
        event_id
    from events
    where within(time, day, since, until)
    order by time, event_id;
