"""The checks that every environment has."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from heelstrike.doctor import clock, codecs, folders
from heelstrike.doctor.clock import check_clock, offset_of_files_s
from heelstrike.doctor.codecs import check_codecs
from heelstrike.doctor.findings import Finding, examine, ok, warning
from heelstrike.doctor.folders import check_folder
from heelstrike.doctor.machine import check_machine
from heelstrike.doctor.packages import compare
from heelstrike.doctor.registry import check_registry
from heelstrike.doctor.run import run
from heelstrike.errors import UserError
from tests.listeners import listener


def levels(findings: Iterator[Finding]) -> list[str]:
    return [finding.level for finding in findings]


def test_this_machine_can_measure() -> None:
    assert "fault" not in levels(check_machine())
    assert levels(check_codecs()) == ["ok", "ok"]
    assert levels(check_clock()) == ["ok"]


def test_a_codec_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "_CODECS", {"H.264": ("libx-none", "h264", codecs.fault)})
    (finding,) = check_codecs()
    assert finding.level == "fault"
    assert finding.text.startswith("H.264: ")
    assert "pip install" in finding.advice


def test_frames_that_come_back_otherwise_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codecs, "_LARGEST_ERROR", -1.0)
    assert levels(check_codecs()) == ["fault", "warning"]


@pytest.mark.parametrize(
    ("requirement", "text"),
    [
        ("numpy>=99", r"numpy [\d.]+, expected >=99"),
        ("no-such-package>=1", "no-such-package is not installed"),
        ("numpy>=2,<3", "1 packages are in the stated ranges"),
        ("no-such-package>=1; extra == 'serve'", "0 packages are in the stated ranges"),
    ],
)
def test_packages_are_compared_with_their_ranges(requirement: str, text: str) -> None:
    (finding,) = compare([requirement], "install it")
    assert re.fullmatch(text, finding.text)
    assert (finding.level == "ok") == ("ranges" in text)


class TestFolders:
    def test_a_folder_that_will_be_made_is_checked_above(self, tmp_path: Path) -> None:
        (finding,) = check_folder("cache", tmp_path / "a" / "b", least_gb=0, advice="set X")
        assert finding.level == "ok"
        assert list(tmp_path.iterdir()) == []

    def test_a_file_in_its_place_is_a_fault(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("")
        (finding,) = check_folder("cache", tmp_path / "a" / "b", least_gb=0, advice="set X")
        assert (finding.level, finding.advice) == ("fault", "set X")

    def test_a_folder_that_cannot_be_written_is_a_fault(self) -> None:
        (finding,) = check_folder("cache", Path("/proc/none"), least_gb=0, advice="set X")
        assert finding.level == "fault"
        assert "cannot be written" in finding.text

    def test_a_full_disk_is_a_fault_and_one_that_fills_a_warning(self, tmp_path: Path) -> None:
        free = folders.shutil.disk_usage(tmp_path).free / 1e9
        assert levels(check_folder("cache", tmp_path, least_gb=free * 2, advice="set X")) == ["warning"]
        assert levels(check_folder("cache", tmp_path, least_gb=free * 20, advice="set X")) == ["fault"]


class TestClock:
    def test_files_have_the_time_of_this_machine(self, tmp_path: Path) -> None:
        assert abs(offset_of_files_s(tmp_path)) < 1

    def test_a_file_system_with_another_time_is_a_warning(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = clock.time.time
        monkeypatch.setattr(clock.time, "time", lambda: real() + 60)
        first, second = check_folder("cache", tmp_path, least_gb=0, advice="")
        assert (first.level, second.level) == ("warning", "ok")
        assert "-60 s off" in first.text


class TestRegistry:
    def test_nothing_configured_is_a_warning(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
        assert levels(check_registry(tmp_path)) == ["warning"]

    @pytest.mark.parametrize("behaviour", ["silent", "page"])
    def test_a_server_that_is_no_registry_is_a_fault(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behaviour: str
    ) -> None:
        monkeypatch.setenv("HEELSTRIKE_STORE_TIMEOUT", "0.5")
        with listener(behaviour) as port:
            monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
            assert levels(check_registry(tmp_path)) == ["fault"]


def test_a_check_that_fails_is_a_fault_and_the_others_run() -> None:
    def fails() -> list[Finding]:
        raise UserError("it is broken")

    findings = list(examine({"one": fails, "two": lambda: [ok("two", "good")]}))
    assert [(finding.level, finding.subject, finding.text) for finding in findings] == [
        ("fault", "one", "it is broken"),
        ("ok", "two", "good"),
    ]


def test_only_a_fault_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(width=100)
    assert run({"a": lambda: [warning("a", "is old", "renew it")]}, console)
    assert not run({"a": lambda: [Finding("fault", "a", "is gone", "bring it [back]")]}, console)
    output = capsys.readouterr().out
    assert "0 faults, 1 warning" in output
    assert "is gone; bring it [back]" in output
