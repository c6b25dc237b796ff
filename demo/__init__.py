"""A simulated shop, active-active in three regions, that emits what AWS would deliver."""
