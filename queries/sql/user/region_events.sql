-- What changed about some regions, or moved from or to them, in time order. One row = one event.
--   regions        list of names
--   since, until   first instant and the one after the last; default: all times
create macro region_events(regions, since := null, until := null) as table
    select *
    from events
    where within(time, day, since, until)
        and (region in regions or from_region in regions or to_region in regions)
    order by time, kind, event_id;
