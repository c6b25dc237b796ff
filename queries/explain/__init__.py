"""Why an error happened: the likely reasons, best first, each with the rows it rests on."""

from queries.explain.answer import EXPLAIN

__all__ = ["EXPLAIN"]
