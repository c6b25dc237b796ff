"""OpenSLO documents out of YAML, several in a file or in a list; errors name file, document, key and rule."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import yaml
from pydantic import ValidationError

from queries.slo.openslo import KINDS, VERSION, Document


@dataclass(frozen=True, slots=True)
class Placed:
    """A document, and the file and the place in it that it comes from."""

    where: str
    document: Document


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents that are right, and a sentence for every problem of the others."""

    read: list[Placed] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class _Loader(yaml.SafeLoader):  # type: ignore[misc] # it has no types
    """Numbers with a point stay exact, times stay text, and a key that stands twice is an error."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(
                None, None, f"{key!r} stands there twice", node.start_mark
            )
    mapping: dict[Hashable, Any] = loader.construct_mapping(node, deep=True)
    return mapping


def _exact(loader: _Loader, node: yaml.ScalarNode) -> Decimal:
    return Decimal(loader.construct_scalar(node).replace("_", ""))


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:float", _exact)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", yaml.SafeLoader.construct_yaml_str)


def read(origin: str, text: str) -> Documents:
    """The documents of one file; `origin` is what the sentences call it."""
    found = Documents()
    try:
        contents = [*_contents(text)]
    except (yaml.YAMLError, ArithmeticError, RecursionError) as error:
        found.problems.append(f"{origin}: is not YAML: {_place(error)}")
        return found
    for number, content in enumerate(contents, 1):
        where = f"{origin}: document {number}"
        try:
            found.read.append(Placed(where, _document(content)))
        except ValidationError as error:
            found.problems.extend(f"{where}: {_sentence(problem)}" for problem in error.errors())
        except ValueError as error:
            found.problems.append(f"{where}: {error}")
    return found


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split()) or type(error).__name__
    return f"line {mark.line + 1}, column {mark.column + 1}: {getattr(error, 'problem', None)}"


def _contents(text: str) -> Iterator[Any]:
    for content in yaml.load_all(text, _Loader):  # a safe loader, as its base is
        if isinstance(content, list):
            yield from content
        elif content is not None:
            yield content


def _document(content: Any) -> Document:
    if not isinstance(content, dict):
        raise ValueError(
            f"is {type(content).__name__}: must be a mapping with apiVersion, kind, metadata and spec"
        )
    version, kind = content.get("apiVersion"), content.get("kind")
    if version != VERSION:
        raise ValueError(f"apiVersion is {version!r}: must be {VERSION}, the only stable version")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"kind is {kind!r}: must be one of {', '.join(KINDS)}")
    return KINDS[kind].model_validate(content)


def _sentence(problem: Any) -> str:
    key = ".".join(map(str, problem["loc"]))
    rule = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return f"{key} is not a known key"
    if problem["type"] == "missing":
        return f"{key} is missing"
    if isinstance(problem["input"], str | int | Decimal):
        return f"{key} is {str(problem['input'])!r}: {rule}"
    return f"{key}: {rule}"
