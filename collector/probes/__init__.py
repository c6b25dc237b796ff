"""Replication probes: a stamped item written in one region, looked for in another, and removed from both."""
