"""A DuckDB session over the store, with its views and macros."""

from queries.gate import Refused
from queries.session import Session, connect

__all__ = ["Refused", "Session", "connect"]
