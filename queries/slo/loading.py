"""The SLOs that OpenSLO documents describe, with their references followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

from queries.slo import openslo
from queries.slo.budget import Method, Objective, Pair, Severity
from queries.slo.objectives import HALF, Slo
from queries.slo.openslo import KINDS, AlertConditionSpec, Document, Metadata, ObjectiveSpec, SliSpec
from queries.slo.reading import Placed, read
from queries.slo.windows import Duration, Window

SOURCE = "regionscope"  # the type of a metricSource whose spec.query is SQL for a session

# Annotations for what OpenSLO has no field for.
COVERAGE = (
    "regionscope/coverage"  # of an SLO: the share of its time that must have data, else it has no answer
)
LEAST = "regionscope/least-events"  # of an SLO: fewest events that a page may rest on
SHORT = "regionscope/short-window"  # of an AlertCondition: the short window beside its lookbackWindow


@dataclass(frozen=True, slots=True)
class Loaded:
    """The objectives that can be evaluated, why others cannot, and what looks like a mistake."""

    slos: list[Slo] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def load(folder: str | None = None) -> Loaded:
    """The objectives in the YAML files of a folder; by default those that regionscope ships."""
    place: Traversable = Path(folder) if folder else files("slos")
    if not place.is_dir():
        return Loaded(problems=[f"{folder}: no such folder"])
    documents: list[Placed] = []
    problems: list[str] = []
    for file in sorted(place.iterdir(), key=lambda file: file.name):
        if not file.name.endswith((".yaml", ".yml")):
            continue
        try:
            found = read(file.name, file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{file.name}: cannot be read: {type(error).__name__}")
        else:
            documents += found.read
            problems += found.problems
    loaded = assemble(documents)
    return Loaded(loaded.slos, problems + loaded.problems, loaded.warnings)


Known = Mapping[tuple[str, str], Placed]


def assemble(documents: Sequence[Placed]) -> Loaded:
    """The objectives of documents that may refer to each other."""
    loaded = Loaded()
    known: dict[tuple[str, str], Placed] = {}
    for each in documents:
        name = each.document.kind, each.document.metadata.name
        first = known.setdefault(name, each)
        if first is not each:
            loaded.problems.append(f"{each.where}: {name[0]} {name[1]!r} is already in {first.where}")
    for each in known.values():
        if isinstance(each.document, openslo.Slo):
            try:
                loaded.slos.extend(_slos(each.document, known, loaded.warnings))
            except ValueError as error:
                loaded.problems.append(f"{each.where}: {error}")
    return loaded


def _slos(document: openslo.Slo, known: Known, warnings: list[str]) -> Iterator[Slo]:
    """One for each objective. Raises ValueError, naming key, value and rule."""
    name, spec = document.metadata.name, document.spec
    sli = spec.indicator.spec if spec.indicator else _find(known, openslo.Sli, spec.indicator_ref or "").spec
    query = _query(sli, known)
    if spec.time_window is None:
        raise ValueError("spec.timeWindow is missing: an SLO can only be evaluated over one")
    told = spec.time_window[0]
    if told.duration.endswith("m"):
        warnings.append(f"SLO {name!r}: timeWindow.duration is {told.duration!r}: minutes; a month is 1M")
    window = Window(Duration.of(told.duration), told.calendar.start if told.calendar else None)
    coverage = _share(document.metadata, COVERAGE, HALF)
    alerts = tuple(_alerts(spec, known, warnings))
    for number, each in enumerate(spec.objectives, 1):
        suffix = f"/{each.display_name or number}" if len(spec.objectives) > 1 else ""
        objective = _objective(each, spec.budgeting_method, _least(document.metadata))
        yield Slo(name + suffix, spec.service, query, window, objective, coverage, alerts)


Kind = TypeVar("Kind", bound=Document)


def _find(known: Known, kind: type[Kind], name: str) -> Kind:
    label = next(label for label, model in KINDS.items() if model is kind)
    found = known.get((label, name))
    if found is None or not isinstance(found.document, kind):
        raise ValueError(f"refers to {label} {name!r}, which no file defines")
    return found.document


def _query(sli: SliSpec, known: Known) -> str:
    """The SQL of an indicator."""
    raw = sli.ratio_metric.raw if sli.ratio_metric else None
    if sli.ratio_metric is None or raw is None or sli.ratio_metric.raw_type != "success":
        raise ValueError(
            "its SLI cannot be evaluated: must be a ratioMetric with raw and rawType success, whose query "
            "yields good and valid at once"
        )
    source = raw.metric_source
    ref = source.metric_source_ref
    type = source.type or _find(known, openslo.DataSource, ref or "").spec.type
    if type != SOURCE:
        raise ValueError(f"its SLI cannot be evaluated: metricSource.type is {type!r}, must be {SOURCE}")
    query = source.spec.get("query")
    if not isinstance(query, str) or source.spec.keys() != {"query"}:
        raise ValueError(
            "metricSource.spec must hold query, a SELECT from $since to $until, and nothing else"
        )
    return query.strip()


def _objective(told: ObjectiveSpec, method: Method, least: int | None) -> Objective:
    if told.target is not None:
        target = Fraction(told.target)
    else:
        target = Fraction(told.target_percent or 0) / 100
    size = told.time_slice_window or 1
    minutes = size if isinstance(size, int) else Duration.of(size).minutes
    floor = Fraction(told.time_slice_target) if method == "Timeslices" and told.time_slice_target else None
    return Objective(target, method, 1 if method == "Occurrences" else minutes, floor, least)


def _alerts(spec: openslo.SloSpec, known: Known, warnings: list[str]) -> Iterator[Pair]:
    """The pairs of windows that the policies' conditions describe."""
    policy: openslo.PolicyRef | openslo.InlinePolicy | openslo.AlertPolicy
    condition: openslo.ConditionRef | openslo.InlineCondition | openslo.AlertCondition
    for policy in spec.alert_policies:
        if isinstance(policy, openslo.PolicyRef):
            policy = _find(known, openslo.AlertPolicy, policy.alert_policy_ref)
        condition = policy.spec.conditions[0]
        if isinstance(condition, openslo.ConditionRef):
            condition = _find(known, openslo.AlertCondition, condition.condition_ref)
        yield from _pair(condition.metadata, condition.spec, warnings)


def _pair(metadata: Metadata, spec: AlertConditionSpec, warnings: list[str]) -> Iterator[Pair]:
    told = spec.condition
    if told.op != "gt":
        warnings.append(
            f"AlertCondition {metadata.name!r}: op is {told.op!r}: an alert is for a burn rate that exceeds "
            "its threshold, which is gt; the condition is not evaluated"
        )
        return
    long = Duration.of(told.lookback_window).minutes
    short = metadata.annotations.get(SHORT)
    try:
        minutes = Duration.of(short).minutes if short else max(long // 12, 1)
    except ValueError as error:
        raise ValueError(f"AlertCondition {metadata.name!r}: {SHORT} is {short!r}: {error}") from None
    severity: Severity = "page" if spec.severity == "page" else "ticket"
    yield Pair(severity, long, minutes, Fraction(told.threshold))


def _share(metadata: Metadata, key: str, default: Fraction) -> Fraction:
    text = metadata.annotations.get(key)
    try:
        share = default if text is None else Fraction(text)
    except (ValueError, ZeroDivisionError):
        share = Fraction(-1)
    if not 0 <= share <= 1:
        raise ValueError(f"metadata.annotations.{key} is {text!r}: must be from 0 to 1")
    return share


def _least(metadata: Metadata) -> int | None:
    text = metadata.annotations.get(LEAST)
    if text is not None and not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
        raise ValueError(f"metadata.annotations.{LEAST} is {text!r}: must be a whole number from 1")
    return None if text is None else int(text)
