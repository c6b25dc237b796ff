"""OpenSLO files: what is read of them, and what is said of mistakes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from queries.slo.budget import HOUR, Objective, Pair
from queries.slo.loading import assemble, load
from queries.slo.objectives import Slo
from queries.slo.openslo import KINDS
from queries.slo.reading import read

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "openslo"

SLO = """
apiVersion: openslo/v1
kind: SLO
metadata:
  name: checkout
spec:
  service: shop
  indicator:
    metadata:
      name: checkout
    spec:
      ratioMetric:
        rawType: success
        raw:
          metricSource:
            type: regionscope
            spec:
              query: from sli_availability(since := $since, until := $until)
  timeWindow:
    - duration: 30d
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - target: 0.999
"""
CONDITION = """
apiVersion: openslo/v1
kind: AlertCondition
metadata:
  name: fast
spec:
  severity: page
  condition:
    kind: burnrate
    op: gt
    threshold: 14.4
    lookbackWindow: 1h
"""
POLICY = """
apiVersion: openslo/v1
kind: AlertPolicy
metadata:
  name: urgent
spec:
  alertWhenBreaching: true
  conditions:
    - conditionRef: fast
  notificationTargets:
    - targetRef: pager
"""


def loaded(*texts: str) -> tuple[list[Slo], list[str], list[str]]:
    """SLOs, problems and warnings of some files."""
    found = [read(f"file{number}.yaml", text) for number, text in enumerate(texts, 1)]
    result = assemble([each for documents in found for each in documents.read])
    problems = [problem for documents in found for problem in documents.problems]
    return result.slos, problems + result.problems, result.warnings


def vectors(version: str) -> list[Path]:
    files = sorted(VECTORS.glob(f"{version}_*.yaml"))
    return files or [pytest.param(VECTORS, marks=pytest.mark.skip("../shared/vectors is absent"))]  # type: ignore[list-item]


@pytest.mark.parametrize("file", vectors("v1"), ids=lambda file: file.stem)
def test_the_examples_of_the_go_sdk_are_read(file: Path) -> None:
    found = read(file.name, file.read_text(encoding="utf-8"))

    assert found.problems == []
    assert len(found.read) == file.read_text(encoding="utf-8").count("apiVersion:")


@pytest.mark.parametrize("file", vectors("v2alpha"), ids=lambda file: file.stem)
def test_the_unstable_version_is_refused_by_name(file: Path) -> None:
    found = read(file.name, file.read_text(encoding="utf-8"))

    assert found.read == []
    assert found.problems[0] == (
        f"{file.name}: document 1: apiVersion is 'openslo.com/v2alpha': must be openslo/v1, "
        "the only stable version"
    )


def test_an_slo_is_what_its_file_says_to_the_last_digit() -> None:
    slos, problems, warnings = loaded(SLO)

    assert (problems, warnings) == ([], [])
    assert [(slo.name, slo.service, str(slo.window)) for slo in slos] == [("checkout", "shop", "30d rolling")]
    assert slos[0].objective == Objective(Fraction(999, 1000))
    assert slos[0].query == "from sli_availability(since := $since, until := $until)"
    assert len(slos[0].pairs(30 * 24 * HOUR)) == 4


def test_a_percentage_is_the_same_target() -> None:
    slos, _, _ = loaded(SLO.replace("target: 0.999", "targetPercent: 99.95"))

    assert slos[0].objective.target == Fraction("0.9995")


def test_every_objective_of_an_slo_is_one() -> None:
    slos, _, _ = loaded(SLO + "    - {displayName: strict, target: 0.9999}\n")

    assert [slo.name for slo in slos] == ["checkout/1", "checkout/strict"]


def test_slices_are_minutes_or_as_long_as_they_say() -> None:
    sliced = SLO.replace("Occurrences", "Timeslices").replace(
        "target: 0.999", "{target: 0.99, timeSliceTarget: 0.95, timeSliceWindow: 5}"
    )

    slos, problems, _ = loaded(sliced, sliced.replace("checkout", "other").replace("Window: 5", "Window: 1h"))

    assert problems == []
    assert [slo.objective.slice for slo in slos] == [5, 60]
    assert slos[0].objective.slice_target == Fraction("0.95")


def test_a_calendar_window_begins_by_the_clock_of_its_zone() -> None:
    calendar = "calendar: {startTime: 2026-01-01 00:00:00, timeZone: America/New_York}"

    slos, problems, _ = loaded(SLO.replace("30d", "1M").replace("isRolling: true", calendar))

    assert problems == []
    assert slos[0].window.anchor is not None
    assert slos[0].window.anchor.isoformat() == "2026-01-01T00:00:00-05:00"
    assert str(slos[0].window) == "1M calendar, America/New_York"


def test_references_lead_to_other_documents_wherever_they_are() -> None:
    inline = SLO[SLO.index("  indicator:") : SLO.index("  timeWindow:")]
    spec = "\n".join(line[4:] for line in inline.splitlines()[4:])
    sli = f"apiVersion: openslo/v1\nkind: SLI\nmetadata:\n  name: answered\nspec:\n{spec}\n"
    source = (
        "apiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: store}\n"
        "spec: {type: regionscope, connectionDetails: {}}\n"
    )

    slos, problems, _ = loaded(
        SLO.replace(inline, "  indicatorRef: answered\n"),
        sli.replace("type: regionscope", "metricSourceRef: store"),
        source,
    )

    assert problems == []
    assert slos[0].query.startswith("from sli_availability")


def test_conditions_of_alert_policies_become_pairs_of_windows() -> None:
    with_policy = SLO + "  alertPolicies:\n    - alertPolicyRef: urgent\n"
    annotated = CONDITION.replace(
        "name: fast", 'name: fast\n  annotations: {regionscope/short-window: "10m"}'
    )

    one, _, _ = loaded(with_policy, POLICY, CONDITION)
    other, _, _ = loaded(f"{with_policy}---{POLICY}---{annotated}")

    assert one[0].alerts == (Pair("page", HOUR, 5, Fraction("14.4")),)
    assert other[0].alerts == (Pair("page", HOUR, 10, Fraction("14.4")),)


def test_a_condition_for_a_low_burn_rate_is_warned_of_and_not_turned_round() -> None:
    policy = SLO + "  alertPolicies:\n    - alertPolicyRef: urgent\n"

    slos, _, warnings = loaded(policy, POLICY, CONDITION.replace("op: gt", "op: lte"))

    assert slos[0].alerts == ()
    assert warnings == [
        "AlertCondition 'fast': op is 'lte': an alert is for a burn rate that exceeds its threshold, "
        "which is gt; the condition is not evaluated"
    ]


def test_a_window_of_one_minute_is_taken_for_one_and_warned_of() -> None:
    slos, _, warnings = loaded(SLO.replace("30d", "1m"))

    assert slos[0].window.duration.minutes == 1
    assert warnings == ["SLO 'checkout': timeWindow.duration is '1m': minutes; a month is 1M"]


def test_annotations_say_what_openslo_has_no_field_for() -> None:
    annotated = SLO.replace(
        "name: checkout\nspec",
        'name: checkout\n  annotations: {regionscope/coverage: "0.9", regionscope/least-events: "50"}\nspec',
    )

    slos, problems, _ = loaded(annotated)

    assert problems == []
    assert (slos[0].coverage, slos[0].objective.least) == (Fraction(9, 10), 50)


WRONG = [
    ("0.999", "1", "spec.objectives.0.target is '1': Input should be less than 1"),
    ("0.999", "-0.1", "spec.objectives.0.target is '-0.1': Input should be greater than or equal to 0"),
    ("target: 0.999", "op: gt", "spec.objectives.0: none is given: must be one of target, targetPercent"),
    (
        "target: 0.999",
        "{target: 0.9, targetPercent: 90}",
        "spec.objectives.0: target and targetPercent is given: must be one of target, targetPercent",
    ),
    ("30d", "30x", "spec.timeWindow.0.duration is '30x': must be a number and m, h, d, w, M, Q or Y"),
    ("isRolling: true", "isRolling: false", "spec.timeWindow.0: must either be rolling"),
    (
        "isRolling: true",
        "calendar: {startTime: 2026-01-01, timeZone: UTC}",
        "spec.timeWindow.0.calendar.startTime is '2026-01-01': must be a time without a zone",
    ),
    (
        "isRolling: true",
        "calendar: {startTime: 2026-01-01 00:00:00, timeZone: Mars/Base}",
        "spec.timeWindow.0.calendar.timeZone is 'Mars/Base': must be the name of a time zone",
    ),
    ("Occurrences", "Guesses", "spec.budgetingMethod is 'Guesses'"),
    ("Occurrences", "Timeslices", "spec: objectives.0.timeSliceWindow is missing: Timeslices need one"),
    ("name: checkout\nspec", "name: Check Out\nspec", "metadata.name is 'Check Out': String should match"),
    ("service: shop", "service: shop\n  servce: shop", "spec.servce is not a known key"),
    ("  service: shop\n", "", "spec.service is missing"),
    ("rawType: success", "", "spec.indicator.spec.ratioMetric: raw needs a rawType"),
    ("rawType: success", "rawType: failure", "its SLI cannot be evaluated: must be a ratioMetric with raw"),
    ("type: regionscope", "type: Prometheus", "metricSource.type is 'Prometheus', must be regionscope"),
    ("type: regionscope", "metricSourceRef: none", "refers to DataSource 'none', which no file defines"),
    ("query: from", "sql: from", "metricSource.spec must hold query, a SELECT from $since to $until"),
    ("kind: SLO", "kind: Slo", "kind is 'Slo': must be one of SLO, SLI, Service, DataSource"),
    ("kind: SLO", "kind: [SLO]", "kind is ['SLO']: must be one of"),
    ("openslo/v1", "openslo/v2", "apiVersion is 'openslo/v2': must be openslo/v1"),
    ("name: checkout\nspec", "name: checkout\n  name: other\nspec", "'name' stands there twice"),
    ("spec:\n  service", "spec:\n\tservice", "found character '\\t' that cannot start any token"),
    (
        "name: checkout\nspec",
        'name: checkout\n  annotations: {regionscope/coverage: "2"}\nspec',
        "metadata.annotations.regionscope/coverage is '2': must be from 0 to 1",
    ),
    (
        "name: checkout\nspec",
        'name: checkout\n  annotations: {regionscope/least-events: "few"}\nspec',
        "metadata.annotations.regionscope/least-events is 'few': must be a whole number from 1",
    ),
]


@pytest.mark.parametrize(("right", "wrong", "sentence"), WRONG, ids=[case[1] or case[2] for case in WRONG])
def test_a_mistake_is_named_with_file_document_key_value_and_rule(
    right: str, wrong: str, sentence: str
) -> None:
    assert right in SLO

    slos, problems, _ = loaded(SLO.replace(right, wrong))

    assert slos == []
    assert problems[0].startswith("file1.yaml: ")
    assert sentence in problems[0]


def test_neighbours_of_a_wrong_document_are_read() -> None:
    slos, problems, _ = loaded(f"{SLO}---\n- 3\n---{SLO.replace('checkout', 'search')}", "a: [")

    assert [slo.name for slo in slos] == ["checkout", "search"]
    assert problems[0].startswith("file1.yaml: document 2: is int: must be a mapping with apiVersion, kind")
    assert problems[1].startswith("file2.yaml: is not YAML: line 1, column 5: expected the node content")


def test_the_same_name_twice_is_said_and_the_first_counts() -> None:
    slos, problems, _ = loaded(SLO, SLO.replace("0.999", "0.9"))

    assert [slo.objective.target for slo in slos] == [Fraction(999, 1000)]
    assert problems == ["file2.yaml: document 1: SLO 'checkout' is already in file1.yaml: document 1"]


def test_a_reference_to_nothing_is_said() -> None:
    _, problems, _ = loaded(SLO + "  alertPolicies:\n    - alertPolicyRef: nowhere\n")

    assert problems == ["file1.yaml: document 1: refers to AlertPolicy 'nowhere', which no file defines"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert load(str(tmp_path / "none")).problems == [f"{tmp_path / 'none'}: no such folder"]


def test_only_yaml_files_of_the_folder_are_read_and_a_broken_one_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SLO)
    (tmp_path / "b.yml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "README.md").write_text("no YAML: [")

    found = load(str(tmp_path))

    assert [slo.name for slo in found.slos] == ["checkout"]
    assert found.problems == ["b.yml: cannot be read: UnicodeDecodeError"]


def test_the_shipped_objectives_are_right() -> None:
    shipped = load()

    assert (shipped.problems, shipped.warnings) == ([], [])
    assert {
        "availability",
        "latency",
        "freshness",
        "read-your-writes",
        "failover-rto",
        "failover-rpo",
        *(f"replication-{layer}" for layer in ("session", "file", "database", "cache")),
    } <= {slo.name for slo in shipped.slos}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from([*KINDS, "openslo/v1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(["apiVersion", "kind", "metadata", "spec"]), VALUES, min_size=2) | VALUES
)
def test_whatever_a_document_holds_it_is_read_or_said_to_be_wrong(content: object) -> None:
    found = read("x.yaml", yaml.safe_dump([content]))

    assert len(found.read) + bool(found.problems) == 1


def test_a_file_nested_too_deeply_is_said_to_be_wrong() -> None:
    assert "is not YAML" in read("x.yaml", "[" * 100_000).problems[0]


@given(st.text())
def test_whatever_a_file_holds_is_read_or_said_to_be_wrong(text: str) -> None:
    found = read("x.yaml", text)

    assert all(problem.startswith("x.yaml: ") for problem in found.problems)
