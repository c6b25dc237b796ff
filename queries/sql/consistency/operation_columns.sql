-- The acknowledged operations in the form in which millions are compared: times in ms since the epoch, by the clock
-- of the region `clock` (-2^60: unknown), and text. One row = one operation.
--   since, until   first instant and the one after the last
--   before_s       so many seconds before `since` belong to it as well
create macro operation_columns(since, until, before_s := 0) as table
    select
        op_id,
        coalesce(epoch_ms(started), -1152921504606846976) as began,
        epoch_ms(time) as ended,
        op = 'write' as is_write,
        store,
        key_hash as key,
        session_id as session,
        region as clock,
        served_by,
        mode,
        version,
        based_on
    from operations(since := since::timestamptz - to_seconds(before_s), until := until)
    where result = 'ok'
        and store is not null
        and key_hash is not null;
