-- After how many probes all replicas had the version that was written (phi consistency, Lu et al. 2015), within the
-- time that the probes waited. One row = one resource and region that wrote.
--   since, until   first instant and the one after the last; default: all times
create macro replica_agreement(since := null, until := null) as table
    with probed as (
        select
            layer,
            resource,
            region,
            bool_and(outcome = 'visible') as agreed,
            bool_or(outcome = 'timeout') as differed
        from probes
        where within(time, day, since, until)
        group by layer, resource, region, key_hash, time
    )
    select
        layer,
        resource,
        region,
        count(*) as eligible,
        count_if(agreed) as kept,
        count_if(differed) as violations,
        count_if(not agreed and not differed) as unknown
    from probed
    group by layer, resource, region;
