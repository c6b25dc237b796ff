-- What a resource is called in all regions: its name in one of them, without the region and the hyphen before it.
-- shop-files of shop-files-us-east-1.
--   resource          the name
--   region, other     the regions that may be in it; null if not known
create macro common_name(resource, region, other) as
    trim(replace(replace(resource, coalesce(region, '-'), '-'), coalesce(other, '-'), '-'), '-');
