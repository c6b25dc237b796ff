-- What one clock sent and another received, as far as spans tell: the limits from which offsets() are computed.
-- One row = the fastest message of one pair of clocks, by these clocks, of those sent in one period.
--   since, until   first instant and the one after the last; default: all times
--   period         length of a period, microseconds
-- A clock is a region's, or `region/host.id` of a host's own. A span never starts before the one that caused it, so
-- each parent in one place and child in another is a message (`request`). A call that was answered is another, the
-- other way (`response`); not counted where the client gave up or tried more than once, as it may not have waited.
-- `sent` and `received` are by the clock of `sender` and `receiver`, microseconds since 1970.
-- One row = one message.
create macro messages(since := null, until := null, period := 18750000) as table
    with ends as (
        select
            trace_id,
            span_id,
            parent_span_id,
            region,
            concat_ws('/', region, attributes['host.id']) as clock,
            kind,
            status_code,
            epoch_us(time) as started,
            epoch_us(time) + round(duration_ms * 1000)::bigint as ended
        from spans
        where within(time, day, since, until)
    ),
    caused as (
        select
            parent.clock as cause,
            child.clock as effect,
            parent.started as asked,
            child.started as heard,
            child.ended as answered,
            parent.ended as got,
            parent.kind = 'CLIENT'
            and child.kind = 'SERVER'
            and parent.status_code is distinct from 'ERROR'
            and count(*) over (partition by parent.trace_id, parent.span_id) = 1 as waited
        from ends as child
        join ends as parent on child.trace_id = parent.trace_id and child.parent_span_id = parent.span_id
        where parent.clock <> child.clock
    ),
    ways as (
        select cause as sender, effect as receiver, asked as sent, heard as received
        from caused
        union all
        select effect, cause, answered, got
        from caused
        where waited and answered is not null and got is not null
    )
    select
        sender,
        receiver,
        min_by(sent, received - sent) as sent,
        min_by(received, received - sent) as received
    from ways
    group by sender, receiver, sent // period;
