"""AWS event in, Parquet segment out: open → decode → parse → normalise → redact → segment."""
