"""What AWS pushes when something changes: one module per family of events, rows of `events` out."""
