"""A page of figures, as Markdown and as HTML that needs nothing from elsewhere. All text in it is foreign."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import Any

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Figure:
    """A heading with what belongs to it: a sentence, a drawing (SVG, made by us), a table, and its SQL."""

    title: str
    text: str = ""
    svg: str = ""
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """`facts` are the names and values that stand first."""

    title: str
    lead: str
    facts: Sequence[tuple[str, Any]] = ()
    figures: Sequence[Figure] = field(default_factory=tuple)

    @property
    def markdown(self) -> str:
        parts = [f"# {_md(self.title)}", _md(self.lead), _md_table(("", ""), self.facts)]
        for figure in self.figures:
            parts += [f"## {_md(figure.title)}", _md(figure.text)]
            if figure.columns:
                parts.append(_md_table(figure.columns, figure.rows))
            if figure.sql:
                parts.append(f"{_fence(figure.sql)}sql\n{figure.sql}\n{_fence(figure.sql)}")
        return "\n\n".join(part for part in parts if part) + "\n"

    @property
    def html(self) -> str:
        style = files("queries.report").joinpath("page.css").read_text(encoding="utf-8")
        facts = "".join(f"<dt>{_html(name)}</dt><dd>{_html(value)}</dd>" for name, value in self.facts)
        figures = "".join(map(_figure, self.figures))
        return (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<meta name="color-scheme" content="light dark">\n'
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
            "style-src 'unsafe-inline'\">\n"
            f"<title>{_html(self.title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
            f"<h1>{_html(self.title)}</h1>\n<p class=lead>{_html(self.lead)}</p>\n"
            f"<dl>{facts}</dl>\n{figures}</body>\n</html>\n"
        )

    def _repr_html_(self) -> str:
        """For notebooks: a frame, so that the page's style stays in it."""
        return f'<iframe srcdoc="{escape(self.html)}" width="100%" height="800" frameborder="0"></iframe>'


def _figure(figure: Figure) -> str:
    text = f"<p>{_html(figure.text)}</p>" if figure.text else ""
    table = _table(figure.columns, figure.rows) if figure.columns else ""
    sql = f"<details><summary>SQL</summary><pre>{escape(figure.sql)}</pre></details>" if figure.sql else ""
    return f"<section>\n<h2>{_html(figure.title)}</h2>\n{text}{figure.svg}{table}{sql}\n</section>\n"


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    head = "".join(f"<th>{_html(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{_html(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class=table><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def shown(value: Any) -> str:
    """A value for people: unknown is a dash, a time is UTC to the millisecond."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}Z"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    return _CONTROL.sub(" ", str(value))


def _html(value: Any) -> str:
    return escape(shown(value))


def _md(value: Any) -> str:
    """One line of text that means nothing to Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>#|&~])", r"\\\1", shown(value))


def _md_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(
        f"| {' | '.join(cell if row is lines[1] else _md(cell) for cell in row)} |" for row in lines
    )


def _fence(text: str) -> str:
    """Longer than any run of backticks in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    return "`" * max(3, longest + 1)
