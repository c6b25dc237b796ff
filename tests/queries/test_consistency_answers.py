"""The answers about consistency, over stores whose logs tell known stories, and the vectors."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from query_rows import NOON, put, record
from region_rows import EU, US, deliver, span

from queries import Session, connect
from queries.answers import Reader
from queries.consistency.guarantees import VIOLATED, Guarantees
from queries.consistency.past import recent
from queries.settings import Operations, Settings
from store import tables
from store.objects import Store, open_store
from store.schema import PROBES, SPANS
from store.zone import Zone, pseudonym

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "derived" / "session_guarantees.json"
AFTER = NOON + timedelta(hours=1)
MS = timedelta(milliseconds=1)
KEY = b"an EU key of more than 16 bytes"

Row = dict[str, Any]
Ask = Callable[..., Session]
_number = itertools.count(1)


def operation(at_ms: float, op: str, version: str | None, region: str = EU, **given: Any) -> Row:
    """A log record of an operation of 1 ms that ended so long after noon, by the clock of its region."""
    columns = {"session_id": "s", "duration_ms": 1.0, "error_type": None}
    fields = {"store": "carts", "op": op, "key_hash": "k", "version": version, "mode": "MREC"}
    columns |= {name: given.pop(name) for name in tuple(given) if name in columns}
    attributes = [(name, value) for name, value in (fields | given).items() if value is not None]
    return record(NOON + at_ms * MS, region, attributes=attributes, **columns)


def read(at_ms: float, version: str | None, region: str = EU, **given: Any) -> Row:
    return operation(at_ms, "read", version, region, **given)


def write(at_ms: float, version: str | None, region: str = EU, **given: Any) -> Row:
    return operation(at_ms, "write", version, region, **given)


def synchronise(store: Store) -> None:
    """Calls between the regions, each way 30 ms: so their clocks are known to agree to a few milliseconds."""
    calls = []
    for number in range(40):
        at = NOON + timedelta(seconds=30 * (number - 12))
        client = span(0, at, kind="CLIENT", duration_ms=60.5) | {"trace_id": f"{number:032x}"}
        server = span(0, at + 30 * MS, region=US, duration_ms=0.5, parent_span_id=client["span_id"])
        calls += [client, server | {"trace_id": f"{number:032x}", "span_id": f"{number:016x}"}]
    deliver(store, SPANS, calls)


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """A session over a store with the records, in regions whose clocks are known unless told otherwise."""

    def opened(
        *rows: Row, clocks: bool = True, settings: Settings | None = None, zones: Sequence[Zone] = ()
    ) -> Session:
        store = open_store(str(tmp_path / f"store{next(_number)}"))
        tables.ensure(store)
        put(store, *rows)
        if clocks:
            synchronise(store)
        return connect(store, zones, settings=settings)

    return opened


def rows_of(session: Session, answer: str, **arguments: Any) -> list[Row]:
    relation = getattr(session, answer)(since=NOON, until=AFTER, **arguments)
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def counts(session: Session, guarantee: str) -> Mapping[tuple[str | None, str | None], tuple[int, int, int]]:
    """Kept, violated and unknown, by region that wrote and region that read."""
    return {
        (row["write_region"], row["read_region"]): (row["kept"], row["violations"], row["unknown"])
        for row in rows_of(session, "consistency")
        if row["guarantee"] == guarantee
    }


def test_a_read_after_the_own_write_is_kept_violated_or_not_found(ask: Ask) -> None:
    session = ask(
        write(0, f"5@{EU}"),
        read(1000, f"5@{EU}"),
        read(2000, f"6@{US}"),
        read(3000, f"4@{EU}"),
        read(4000, "none"),
    )

    assert counts(session, "read_your_writes") == {(EU, EU): (2, 2, 0)}


def test_reads_later_than_five_minutes_after_the_write_or_of_others_are_not_eligible(ask: Ask) -> None:
    session = ask(
        write(0, f"5@{EU}"), read(302_000, f"4@{EU}"), read(1000, f"4@{EU}", session_id="somebody else")
    )

    assert counts(session, "read_your_writes") == {}
    assert counts(session, "stale_reads") == {(EU, EU): (0, 2, 0)}


def test_pairs_of_regions_are_counted_apart_and_the_region_that_served_counts(ask: Ask) -> None:
    session = ask(
        write(0, f"2@{EU}", US, served_by=EU),
        read(1000, f"1@{EU}", US),
        read(2000, f"2@{EU}", US),
        read(3000, f"2@{EU}", EU),
    )

    assert counts(session, "read_your_writes") == {(EU, US): (1, 1, 0), (EU, EU): (1, 0, 0)}


def test_what_may_have_been_the_other_way_round_is_unknown(ask: Ask) -> None:
    rows = write(1000, f"2@{EU}"), read(1001, f"1@{EU}", US)

    assert counts(ask(*rows), "read_your_writes") == {(EU, US): (0, 0, 1)}


def test_nothing_is_in_order_between_regions_whose_clocks_are_not_known(ask: Ask) -> None:
    rows = write(0, f"2@{EU}"), read(60_000, f"1@{EU}", US), read(61_000, f"2@{EU}", EU)

    assert counts(ask(*rows, clocks=False), "stale_reads") == {(EU, US): (0, 0, 1), (EU, EU): (1, 0, 0)}


@pytest.mark.parametrize("version", [None, "v7", "7", "-1@eu-west-1"])
def test_a_version_that_is_missing_or_of_another_form_is_unknown(ask: Ask, version: str | None) -> None:
    session = ask(write(0, f"5@{EU}"), read(1000, version), read(2000, f"5@{EU}"))

    assert counts(session, "read_your_writes") == {(EU, EU): (1, 0, 1)}
    assert counts(session, "stale_reads") == {(EU, EU): (1, 0, 1)}


def test_a_read_is_not_fine_after_a_write_of_an_unknown_version(ask: Ask) -> None:
    session = ask(write(0, None), read(1000, f"5@{EU}"))

    assert counts(session, "read_your_writes") == {(EU, EU): (0, 0, 1)}


def test_a_write_that_failed_was_not_acknowledged(ask: Ask) -> None:
    session = ask(
        write(0, f"5@{EU}", error_type="Throttled"),
        write(10, f"6@{EU}", result="timeout"),
        read(1000, f"4@{EU}"),
    )

    assert counts(session, "read_your_writes") == {}


def test_a_read_of_unknown_length_may_have_begun_before(ask: Ask) -> None:
    session = ask(write(0, f"5@{EU}"), read(1000, f"4@{EU}", duration_ms=None))

    assert counts(session, "read_your_writes") == {(EU, EU): (0, 0, 1)}


def test_reads_that_go_back_are_not_monotonic(ask: Ask) -> None:
    session = ask(read(0, f"5@{EU}"), read(1000, f"6@{US}", US), read(2000, f"5@{EU}"), read(3000, "none"))

    assert counts(session, "monotonic_reads") == {(EU, US): (1, 0, 0), (US, EU): (0, 2, 0)}


def test_what_happened_before_the_window_explains_reads_within(ask: Ask) -> None:
    session = ask(write(-60_000, f"5@{EU}"), read(-1000, f"4@{EU}"), read(1000, f"4@{EU}"))

    assert counts(session, "read_your_writes") == {(EU, EU): (0, 1, 0)}


@pytest.mark.parametrize(
    ("mode", "own", "anybody"),
    [
        ("MREC", "measurement", "measurement"),
        ("EVENTUAL", "measurement", "measurement"),
        ("SESSION", "violation", "measurement"),
        ("GLOBAL", "violation", "violation"),
        ("MRSC", "violation", "violation"),
        (None, None, None),
    ],
)
def test_whether_it_is_a_violation_depends_on_the_mode(
    ask: Ask, mode: str | None, own: str | None, anybody: str | None
) -> None:
    session = ask(write(0, f"5@{EU}", mode=mode), read(1000, f"4@{EU}", mode=mode))

    found = {row["guarantee"]: row["expectation"] for row in rows_of(session, "consistency")}

    assert (found["read_your_writes"], found["stale_reads"]) == (own, anybody)


def test_no_operations_have_no_rows_and_no_ratio(ask: Ask) -> None:
    assert rows_of(ask(record()), "consistency") == []


def test_the_share_is_published_from_none_to_all_of_the_unknown(ask: Ask) -> None:
    session = ask(write(0, f"5@{EU}"), read(1000, f"5@{EU}"), read(2000, f"4@{EU}"), read(3000, None))

    (row,) = [row for row in rows_of(session, "consistency") if row["guarantee"] == "read_your_writes"]

    assert (row["eligible"], row["ratio_least"], row["ratio_most"]) == (3, 1 / 3, 2 / 3)


class TestPseudonyms:
    """EU stores sessions as pseudonyms, US in clear."""

    settings = Settings(regions=(EU, US), pseudonyms={EU: "eu"})
    rows = (
        write(0, f"5@{EU}", session_id=pseudonym(KEY, "s")),
        read(5000, f"4@{EU}", US, session_id="s"),
        read(6000, f"5@{EU}", US, session_id="s"),
    )

    def test_a_session_is_found_under_its_pseudonym_if_the_key_is_at_hand(
        self, ask: Ask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("EU_KEY", KEY.decode())
        zone = Zone("eu", identities="pseudonym", key="env:EU_KEY")

        session = ask(*self.rows, settings=self.settings, zones=[zone])

        assert counts(session, "read_your_writes") == {(EU, US): (1, 1, 0)}

    def test_without_the_key_it_is_unknown_and_never_fine(self, ask: Ask) -> None:
        session = ask(*self.rows, settings=self.settings)

        assert counts(session, "read_your_writes") == {(EU, US): (0, 0, 2)}
        assert counts(session, "stale_reads") == {(EU, US): (1, 1, 0)}

    def test_a_pseudonym_is_never_shown_in_clear(self, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EU_KEY", KEY.decode())
        zone = Zone("eu", identities="pseudonym", key="env:EU_KEY")

        session = ask(*self.rows, settings=self.settings, zones=[zone])

        (anomaly,) = rows_of(session, "anomalies", sample=1)
        shown = {(each["region"], each["session_id"]) for each in anomaly["operations"]}
        assert (EU, pseudonym(KEY, "s")) in shown
        assert (EU, "s") not in shown


def test_the_names_of_the_fields_are_settings(ask: Ask) -> None:
    names = Operations(version="db.version", layers={"carts": "session"})
    session = ask(
        write(0, None, **{"db.version": f"5@{EU}"}),
        read(1000, None, **{"db.version": f"4@{EU}"}),
        settings=Settings(operations=names),
    )

    rows = [row for row in rows_of(session, "consistency") if row["guarantee"] == "read_your_writes"]

    assert [(row["layer"], row["violations"]) for row in rows] == [("session", 1)]


def test_services_may_note_their_operations_on_spans(ask: Ask, tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "traced"))
    tables.ensure(store)
    fields = {"store": "carts", "key_hash": "k", "mode": "MREC"}
    deliver(
        store,
        SPANS,
        [
            span(number, service="checkout", session_id="s", attributes=list((fields | given).items()))
            for number, given in enumerate(
                ({"op": "write", "version": f"5@{EU}"}, {"op": "read", "version": f"4@{EU}"})
            )
        ],
    )
    named = Settings(operations=Operations(spans=("checkout",)))

    with connect(store) as silent, connect(store, settings=named) as told:
        assert counts(silent, "read_your_writes") == {}
        assert counts(told, "read_your_writes") == {(EU, EU): (0, 1, 0)}


def test_a_write_that_another_region_replaced_unseen_is_lost(ask: Ask) -> None:
    session = ask(
        write(0, f"4@{EU}", based_on=f"3@{EU}"),
        write(10_000, f"5@{EU}", based_on=f"4@{EU}"),
        write(10_200, f"5@{US}", US, based_on=f"4@{EU}", session_id="t"),
        read(20_000, f"5@{US}", EU),
    )

    (row,) = rows_of(session, "lost_updates")

    assert (row["lost_version"], row["winner_version"]) == (f"5@{EU}", f"5@{US}")
    assert (row["status"], row["skew_inversion"], row["expectation"]) == ("confirmed", False, "measurement")
    assert counts(session, "lost_updates") == {(EU, None): (1, 1, 0), (US, None): (1, 0, 0)}


def test_anomalies_show_the_operations_that_contradict_each_other(ask: Ask) -> None:
    session = ask(write(0, f"5@{EU}"), read(1000, f"6@{EU}"), read(3000, f"5@{EU}"), write(2000, f"6@{EU}"))

    kinds = Counter(row["kind"] for row in rows_of(session, "anomalies", sample=1))

    assert kinds["future_read"] == 1
    assert kinds["causal"] == 1


def test_a_version_nobody_wrote_is_garbage_but_not_where_writers_log_nothing(ask: Ask) -> None:
    sound = [
        row
        for key in range(200)
        for row in (
            write(key, f"5@{EU}", key_hash=f"k{key}"),
            read(5000 + key, f"5@{EU}", key_hash=f"k{key}"),
        )
    ]
    garbage = read(9000, f"9@{EU}", key_hash="k7")
    unlogged = [read(9000, f"9@{EU}", key_hash=f"k{key}") for key in range(10)]

    assert [row["kind"] for row in rows_of(ask(*sound, garbage), "anomalies", sample=1)] == ["garbage_read"]
    assert rows_of(ask(*sound, *unlogged), "anomalies", sample=1) == []


def test_a_sample_of_keys_is_a_part_of_all_keys(ask: Ask) -> None:
    stale = [
        row
        for key in range(60)
        for row in (
            write(key, f"2@{EU}", key_hash=f"k{key}"),
            read(5000 + key, "none", key_hash=f"k{key}"),
        )
    ]
    session = ask(*stale)

    some = {row["key_hash"] for row in rows_of(session, "anomalies", sample=4)}

    assert len(rows_of(session, "anomalies", sample=1)) == 60
    assert 0 < len(some) < 60


def test_the_time_to_visibility_is_between_the_last_read_of_the_old_and_the_first_of_the_new(
    ask: Ask,
) -> None:
    session = ask(write(0, f"2@{EU}"), read(150, f"1@{EU}", US), read(400, f"2@{EU}", US))

    visible = {
        row["after_ms"]: (row["visible_least"], row["visible_most"])
        for row in rows_of(session, "t_visibility")
        if (row["source"], row["write_region"], row["read_region"]) == ("reads", EU, US)
    }

    assert (visible[100], visible[200], visible[500]) == ((0, 0), (0, 1), (1, 1))


def test_probes_give_the_time_to_visibility_with_their_error_and_their_timeouts(ask: Ask) -> None:
    session = ask(record())
    told = {"time": NOON, "region": EU, "target_region": US, "layer": "session", "resource": "carts"}
    seen = {"outcome": "visible", "lag_ms": 800.0, "error_bound_ms": 300.0, "key_hash": "a"}
    lost = {"outcome": "timeout", "key_hash": "b", "attributes": [("probe.waited_ms", "45000")]}
    deliver(session.store, PROBES, [told | seen, told | lost])
    with connect(session.store) as fresh:
        visible = {row["after_ms"]: row for row in rows_of(fresh, "t_visibility")}
        (phi,) = rows_of(fresh, "consistency")

    assert [
        (visible[after]["visible_least"], visible[after]["visible_most"]) for after in (500, 1000, 2000)
    ] == [
        (0, 0),
        (0, 0.5),
        (0.5, 0.5),
    ]
    assert visible[100_000]["visible_most"] == 1
    assert (phi["guarantee"], phi["kept"], phi["violations"], phi["expectation"]) == ("phi", 1, 1, None)


def vectors() -> Mapping[str, Any]:
    if not VECTORS.exists():
        pytest.skip("../shared/vectors is not there")
    found: Mapping[str, Any] = json.loads(VECTORS.read_text(encoding="utf-8"))
    return found


def test_the_vectors_of_session_guarantees_pass(ask: Ask) -> None:
    told = vectors()
    ops = {"r": "read", "w": "write"}
    rows = {
        each["i"]: operation(
            10_000 * each["i"],
            ops[each["op"]],
            "@".join(map(str, each["version"])) if each["version"] else "none",
            each["region"],
            session_id=each["session"],
            key_hash=each["key"],
        )
        for each in told["ops"]
    }
    session = ask(*rows.values())
    numbers = {row["event_id"]: i for i, row in rows.items()}

    past = recent(Reader(session.connection.cursor()), Settings(), NOON, AFTER)
    violated = {
        (numbers[past.history.op_id[row].as_py()], verdicts.guarantee)
        for verdicts in Guarantees(past.history, _exact, past.apart).all()
        for row in verdicts.reads[verdicts.verdict == VIOLATED].tolist()
        if verdicts.guarantee != "stale_reads"
    }

    assert violated == {(each["i"], each["type"]) for each in told["violations"]}
    assert not {each["i"] for each in told["not_violations"]} & {i for i, _ in violated}


def _exact(here: str, there: str, times: Any) -> tuple[Any, Any]:
    """Clocks that agree."""
    return times * 0, times * 0


def test_the_vectors_of_lost_updates_pass(ask: Ask) -> None:
    for told in vectors()["lost_updates"]:
        rows = [
            write(
                each["t"],
                each["result"],
                each["region"],
                based_on=each["based_on"],
                session_id=each["id"],
            )
            for each in told["writes"]
        ]

        (found,) = rows_of(ask(*rows), "lost_updates")

        assert (found["lost_session_id"], found["winner_session_id"]) == (told["lost"], told["winner"])
