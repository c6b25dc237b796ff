-- What CloudWatch counted of each region and service: requests, errors and throttles of APIs (API Gateway), load
-- balancers (ALB) and functions (Lambda; throttled ones do not count as requests). A row without a service is of the
-- region as a whole: what its stores and user pools throttled (DynamoDB, Cognito), and the most concurrency that
-- Lambda had claimed.
--   since, until   first instant and the one after the last; default: all times
-- A metric is published with several sets of dimensions, and each of them counts everything: one is taken. Where ALB
-- publishes no point it counted nothing; of other services that is unknown. CloudFront is in no region, so not here.
-- One row = one service of a region.
create macro health_of_metrics(since := null, until := null) as table
    with points as (
        select region, name, statistic, value, resource, attributes
        from metrics
        where within(time, day, since, until)
            and name in (
                'AWS/ApiGateway/Count', 'AWS/ApiGateway/5XXError', 'AWS/ApiGateway/5xx',
                'AWS/ApplicationELB/RequestCount', 'AWS/ApplicationELB/HTTPCode_ELB_5XX_Count',
                'AWS/ApplicationELB/HTTPCode_Target_5XX_Count',
                'AWS/Lambda/Invocations', 'AWS/Lambda/Errors', 'AWS/Lambda/Throttles',
                'AWS/Lambda/ClaimedAccountConcurrency', 'AWS/DynamoDB/ThrottledRequests',
                'AWS/Cognito/SignInThrottles', 'AWS/Cognito/SignUpThrottles',
                'AWS/Cognito/TokenRefreshThrottles', 'AWS/Cognito/FederationThrottles'
            )
    ),
    counted as (
        select
            region,
            split_part(name, '/', 2) as namespace,
            case
                when namespace = 'ApplicationELB' then split_part(coalesce(attributes['LoadBalancer'], resource), '/', 2)
                when namespace in ('ApiGateway', 'Lambda') then resource
            end as service,
            case
                when name in ('AWS/ApiGateway/Count', 'AWS/ApplicationELB/RequestCount', 'AWS/Lambda/Invocations')
                    then 'requests'
                when name = 'AWS/Lambda/ClaimedAccountConcurrency' then 'claimed'
                when contains(name, 'Throttle') then 'throttles'
                else 'errors'
            end as what,
            value
        from points
        where case
            when namespace in ('DynamoDB', 'Cognito') then statistic = 'sum'
            when name = 'AWS/Lambda/ClaimedAccountConcurrency' then statistic = 'maximum' and resource is null
            else statistic = 'sum' and resource is not null and map_keys(attributes) = case
                when namespace = 'ApiGateway' then ['Stage']
                when name = 'AWS/ApplicationELB/HTTPCode_Target_5XX_Count' then ['LoadBalancer']
                else []
            end
        end
    )
    select
        region,
        service,
        sum(value) filter (where what = 'requests')::bigint as requests,
        coalesce(
            sum(value) filter (where what = 'errors'),
            case when any_value(namespace) = 'ApplicationELB' then 0 end
        )::bigint as errors,
        sum(value) filter (where what = 'throttles')::bigint as throttles,
        max(value) filter (where what = 'claimed') as claimed
    from counted
    group by region, service;
