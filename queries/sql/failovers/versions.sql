-- What was read and written of the keys of one store: of operations() those that were answered and name a version.
-- One row = one operation. `time_us` is microseconds since 1970 by the clock of `region`.
--   store          its name, as in operations()
--   since, until   first instant and the one after the last; default: all times
create macro versions(store, since := null, until := null) as table
    select
        epoch_us(known.time) as time_us,
        known.region,
        known.served_by,
        known.op,
        known.key_hash,
        known.version,
        known.based_on
    from operations(since := since, until := until) as known
    where known.store = store
        and known.result = 'ok'
        and known.key_hash is not null
        and known.version is not null;
