"""The tables: one schema, where files go, exactly-once commits, compaction, retention."""
