"""Every version of the small files that was ever written is read. The files of tests/golden are never changed."""

from pathlib import Path

from heelstrike.monitor.reference import read_reference
from heelstrike.monitor.wire import Disagreement, InputRecord, read_small

GOLDEN = Path(__file__).resolve().parents[2] / "golden"


def test_record() -> None:
    record = read_small(GOLDEN / "record-1/walk.record.json", InputRecord)
    assert (record.format_version, record.min_reader, record.kind, record.frames) == (1, 1, "video", 12)
    assert (record.measured, record.not_measured, record.present) == (10, {"no_legs": 2}, 0.8333)
    assert (record.geometry.span, record.geometry.bones) == (0.4, (0.5, 0.5011, 0.5, 0.5011))
    assert (record.radius.p50, record.confidence.p50, record.picture.frames) == (0.0521, 1.0, 6)


def test_disagreement() -> None:
    noted = read_small(GOLDEN / "disagreement-1/walk.disagreement.json", Disagreement)
    assert (noted.disagreed, noted.measured_by, noted.unit) == (1, (9, 1, 0, 2), "deg")
    assert [(one.frame, one.time_s, one.why) for one in noted.worst] == [(9, 0.36, "measured")]


def test_reference() -> None:
    reference = read_reference(GOLDEN / "reference-1")
    assert (len(reference.records), reference.records[0].time, reference.records[0].frames) == (1, None, 12)
