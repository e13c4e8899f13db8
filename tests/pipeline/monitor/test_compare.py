"""A window of records against a reference: what is said, and windows that are judged once."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heelstrike.errors import UserError
from heelstrike.monitor.wire import GeometryWire, InputRecord, MarkerWire, ModelOf, PictureWire, Quantiles, write_small
from pipeline.monitor.compare import LEVEL, Comparer
from pipeline.monitor.features import GROUPS, features_of, table_of
from pipeline.monitor.windows import Memory, judge, remembered

PACKAGE = "a" * 64


def record(seed: int, **changes: Any) -> InputRecord:
    """A record of a made-up person; changes are factors of groups of numbers."""
    rng = np.random.default_rng(seed)

    def number(mean: float, of: str) -> float:
        return float(round(mean * changes.get(of, 1.0) * (1 + 0.1 * rng.normal()), 4))

    picture = PictureWire(
        frames=8,
        **{name: number(100, "light") for name in ("brightness", "contrast", "sharpness", "noise", "red", "blue")},
    )
    return InputRecord(
        heelstrike="0.1.0",
        id=f"{seed:08x}",
        time=f"2026-11-29T{seed // 3600:02d}:{seed // 60 % 60:02d}:{seed % 60:02d}.000000Z",
        kind="video",
        width=640,
        height=480,
        fps=25.0,
        frames=100,
        model=ModelOf(problem="rearfoot", version="3", digest=PACKAGE),
        picture=picture,
        measured=min(int(number(90, "measured")), 100),
        not_reliable=1,
        present=0.9,
        confidence=Quantiles(p10=number(0.5, "confidence"), p50=number(0.7, "confidence"), p90=0.99),
        radius=Quantiles(p50=number(0.02, "radius"), p90=number(0.05, "radius")),
        geometry=GeometryWire(
            span=number(0.5, "height"), x=0.5, y=number(0.6, "height"), tilt=number(1, "tilt"), bones=(0.5, None)
        ),
        marker=MarkerWire(brightness=number(200, "light"), contrast=number(90, "markers"), red=0.0, blue=1.0),
    )


REFERENCE = [record(seed) for seed in range(1000, 1050)]


def test_every_feature_has_a_group_and_a_number() -> None:
    features = features_of(2)
    assert {feature.group for feature in features} == set(GROUPS)
    assert len({feature.name for feature in features}) == len(features)
    table = dict(zip((feature.name for feature in features), table_of([REFERENCE[0]], features)[0], strict=True))
    assert (table["width"], table["bone_1"], table["not_reliable"]) == (640, 0.5, 0.01)
    assert np.isnan(table["bone_2"]) and np.isnan(table["half_width_p50"])


def test_people_like_those_of_the_reference_are_no_drift() -> None:
    comparer = Comparer(REFERENCE, permutations=999)
    verdicts = [comparer.compare([record(5 * window + i) for i in range(5)]) for window in range(8)]
    assert not any(verdict.drifted for verdict in verdicts)
    assert all(verdict.p > LEVEL for verdict in verdicts)


def test_a_drift_is_named_with_numbers_and_examples() -> None:
    verdict = Comparer(REFERENCE, permutations=999).compare([record(i, light=1.5) for i in range(5)])
    assert verdict.drifted and verdict.p <= LEVEL
    first = next(drift for drift in verdict.drifts if drift.name == "brightness")
    assert first.window > first.reference[2] > first.reference[1] > first.reference[0]
    assert len(first.examples) == 3 and first.examples[0][1] > first.reference[2]
    said = first.sentence()
    assert said.startswith("brightness of the picture: ") and "higher than" in said and "in 0000000" in said
    assert json.loads(json.dumps(first.to_json()))["window_median"] == first.window
    assert not {"span", "radius_p50", "width"} & {drift.name for drift in verdict.drifts}


def test_what_the_reference_lacks_is_not_compared() -> None:
    """A reference of an older Heelstrike lacks what came later, here the trembling; half of the people are enough."""

    def with_trembling(one: InputRecord) -> InputRecord:
        return one.model_copy(update={"geometry": one.geometry.model_copy(update={"trembling": 0.1})})

    window = [with_trembling(record(number)) for number in range(5)]
    assert not Comparer(REFERENCE, permutations=999).compare(window).drifted
    some = [with_trembling(one) if number % 5 == 0 else one for number, one in enumerate(REFERENCE)]
    assert not Comparer(some, permutations=999).compare(window).drifted
    low = [
        one.model_copy(update={"geometry": one.geometry.model_copy(update={"trembling": 0.01 + number / 1e5})})
        for number, one in enumerate(REFERENCE)
    ]
    (drift,) = Comparer(low, permutations=999).compare(window).drifts
    assert drift.name == "trembling"


def test_records_that_are_all_alike_are_no_drift() -> None:
    """As pictures of one test chart, or of a renderer without people."""
    alike = [record(1).model_copy(update={"id": f"{number:08x}"}) for number in range(40)]
    verdict = Comparer(alike[:30], permutations=99).compare(alike[30:35])
    assert (verdict.p, verdict.drifts) == (1.0, ())


def test_one_number_that_differs_is_enough() -> None:
    """The only feature that differs has no other of its group beside it."""
    alike = [record(1).model_copy(update={"id": f"{number:08x}", "width": 640 + number}) for number in range(45)]
    verdict = Comparer(alike[:40], permutations=999).compare(alike[40:])
    assert [drift.name for drift in verdict.drifts] == ["width"] and verdict.p <= LEVEL


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Twelve records of one clinic, the last five of them drifted, and two of another."""
    for seed in range(12):
        write_small(tmp_path / "records/one", record(seed, **({"height": 0.5} if seed >= 5 else {})))
    for seed in range(100, 102):
        write_small(tmp_path / "records/two", record(seed))
    other = record(50).model_copy(update={"model": ModelOf(problem="rearfoot", digest="b" * 64)})
    write_small(tmp_path / "records/two", other)
    return tmp_path / "records"


def test_every_record_is_judged_once(records: Path, tmp_path: Path) -> None:
    comparer, path = Comparer(REFERENCE, permutations=999), tmp_path / "memory.json"
    found = judge(records, PACKAGE, 5, comparer, Memory(path))
    assert [(window.source, window.ids[0], window.verdict.drifted) for window in found.windows] == [
        ("one", "00000000", False),
        ("one", "00000005", True),
    ]
    assert (found.waiting, found.others, found.damaged) == ({"one": 2, "two": 2}, 1, ())
    assert found.drifted[0].first < found.drifted[0].last
    Memory(path).add(found.windows)
    again = judge(records, PACKAGE, 5, comparer, Memory(path))
    assert again.windows == () and again.waiting == {"one": 2, "two": 2}
    for seed in (2, 300, 301, 302):  # one that was judged, sent again, and three that are new, one of them late
        write_small(records / "one", record(seed, height=0.5))
    third = judge(records, PACKAGE, 5, comparer, Memory(path))
    assert [window.ids for window in third.windows] == [("0000000a", "0000000b", "0000012c", "0000012d", "0000012e")]


def test_a_damaged_memory_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "memory.json").write_text("[1]")
    with pytest.raises(UserError, match="remove it, and all windows are judged again"):
        Memory(tmp_path / "memory.json")


def test_whoever_judges_at_once_forgets_nothing_and_tells_of_nothing_twice(records: Path, tmp_path: Path) -> None:
    comparer, path = Comparer(REFERENCE, permutations=99), tmp_path / "work" / "memory.json"

    def run(_: int) -> int:
        with remembered(path) as memory:
            found = judge(records, PACKAGE, 5, comparer, memory)
            memory.add(found.windows)
        return len(found.windows)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(run, range(4))) == [0, 0, 0, 2]
    assert len(Memory(path).judged("one")) == 10
