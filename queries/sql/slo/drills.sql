-- Experiments that were on in some region on purpose: GameDays. One row = one drill in one region.
--   since, until   first instant and the one after the last; default: all times
-- `end_time` is half an hour after the experiment ended, for what it leaves behind; null while it is on. Of events that
-- may be missing the earliest is taken for its beginning. One that began more than a day before `since` is not found.
create macro drills(since := null, until := null) as table
    select
        subject as drill,
        region,
        min(time) as start_time,
        max(time) filter (where state in ('completed', 'stopped', 'failed', 'cancelled')) + interval 30 minutes
            as end_time
    from events
    where kind = 'drill'
        and within(time, day, since::timestamptz - interval 1 day, until)
    group by subject, region
    having end_time is null or since is null or end_time > since::timestamptz;
