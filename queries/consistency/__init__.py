"""Whether the regions agree: what the application's own reads and writes show of its stores' consistency."""
