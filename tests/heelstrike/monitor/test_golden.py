"""Every version of the small files that was ever written is read. The files of tests/golden are never changed."""

from pathlib import Path

import pytest

from heelstrike.monitor.reference import read_reference
from heelstrike.monitor.wire import FORMAT_VERSION, Disagreement, InputRecord, read_small

GOLDEN = Path(__file__).resolve().parents[2] / "golden"


VERSIONS = pytest.mark.parametrize("version", range(1, FORMAT_VERSION + 1))


@VERSIONS
def test_record(version: int) -> None:
    record = read_small(GOLDEN / f"record-{version}/walk.record.json", InputRecord)
    assert (record.format_version, record.min_reader, record.kind, record.frames) == (version, 1, "video", 12)
    assert record.geometry.trembling == (None if version == 1 else 0)  # the markers do not move
    assert (record.measured, record.not_measured, record.present) == (10, {"no_legs": 2}, 0.8333)
    assert (record.geometry.span, record.geometry.bones) == (0.4, (0.5, 0.5011, 0.5, 0.5011))
    assert (record.radius.p50, record.confidence.p50, record.picture.frames) == (0.0521, 1.0, 6)


@VERSIONS
def test_disagreement(version: int) -> None:
    noted = read_small(GOLDEN / f"disagreement-{version}/walk.disagreement.json", Disagreement)
    assert (noted.disagreed, noted.measured_by, noted.unit) == (1, (9, 1, 0, 2), "deg")
    assert [(one.frame, one.time_s, one.why) for one in noted.worst] == [(9, 0.36, "measured")]


@VERSIONS
def test_reference(version: int) -> None:
    reference = read_reference(GOLDEN / f"reference-{version}")
    assert (len(reference.records), reference.records[0].time, reference.records[0].frames) == (1, None, 12)
