"""A DuckDB session over the store, with its views and macros."""
