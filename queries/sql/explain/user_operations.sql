-- What one user's requests did to the stores of all regions (see operations). One row = one operation.
--   user           the user in clear; found as well under the pseudonym of every zone
--   since, until   first instant and the one after the last; default: all times
create macro user_operations(user, since := null, until := null) as table
    select *
    from operations(since := since, until := until)
    where is_user(user_id, user);
