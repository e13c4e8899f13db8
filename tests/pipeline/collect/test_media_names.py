"""Names of media in label files that were made on another machine."""

import unicodedata
from pathlib import Path

import pandas as pd
import pytest

from pipeline.collect.findings import Findings
from pipeline.collect.media_names import find_media


@pytest.fixture
def find(tmp_path: Path):
    """Finds one name beside the label file batch/labels.csv; returns the path, and the notes and findings."""

    def run(name: str, *files: str) -> tuple[str, list[str], list[str]]:
        for file in files:
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).touch()
        findings = Findings("labels.csv")
        media = find_media(tmp_path, tmp_path / "batch", pd.Series([name], dtype="str"), findings)
        return media.item(), findings.notes, findings.lines

    return run


@pytest.mark.parametrize("name", ["img 1.png", "a%20b.png", "50%.png", "sub/../img 1.png", "sub\\x.png", "../c/y.png"])
def test_names_of_files_are_taken_as_they_are(find, name) -> None:
    files = ("batch/img 1.png", "batch/a%20b.png", "batch/a b.png", "batch/50%.png", "batch/sub/x.png", "c/y.png")
    path, notes, findings = find(name, *files)
    assert path in files
    assert (notes, findings) == ([], [])


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("img%201.png", "batch/img 1.png"),
        ("sub%2Fimg%202.png", "batch/sub/img 2.png"),
        ("IMG 1.PNG", "batch/img 1.png"),
        ("SUB/img 2.png", "batch/sub/img 2.png"),
        ("../batch/IMG 1.png", "batch/img 1.png"),
        ("C:\\Users\\x\\img 1.png", "batch/img 1.png"),
        ("c:/Users/x/img%201.png", "batch/img 1.png"),
        ("\\\\server\\share\\sub\\img 2.png", "batch/sub/img 2.png"),
        ("/home/anna/sub/img 2.png", "batch/sub/img 2.png"),
        ("file:///home/anna/img%201.png", "batch/img 1.png"),
        ("file:///C:/Users/x/img 1.png", "batch/img 1.png"),
        ("https://store.example/bucket/img%201.png?X-Amz-Date=1", "batch/img 1.png"),
        ("s3://bucket/img 1.png", "batch/img 1.png"),
        (unicodedata.normalize("NFD", "FUSS É.png"), "batch/Fuß é.png"),
    ],
)
def test_other_spellings_are_found_and_noted(find, name, path) -> None:
    files = ("batch/img 1.png", "batch/sub/img 2.png", "batch/Fuß é.png")
    media, notes, findings = find(name, *files)
    assert media == path
    assert len(notes) == 1
    assert notes[0].startswith("labels.csv: 1 names ")
    assert path in notes[0]
    assert findings == []


def test_the_longest_common_end_decides(find) -> None:
    files = ("batch/a/x.png", "batch/b/x.png")
    assert find("C:\\data\\b\\x.png", *files)[0] == "batch/b/x.png"
    _, _, findings = find("C:\\data\\x.png", *files)
    assert len(findings) == 1
    assert "could be batch/a/x.png or batch/b/x.png; state the path relative to the label file" in findings[0]


def test_spellings_that_several_files_have(find) -> None:
    _, _, findings = find("IMG.png", "batch/img.png", "batch/Img.png")
    assert len(findings) == 1
    assert findings[0].startswith("labels.csv: 'IMG.png' could be batch/Img.png or batch/img.png; state the path")


@pytest.mark.parametrize(
    "name", ["../../outside.png", "..%2F..%2Foutside.png", "/etc/hostname", "..\\..\\OUTSIDE.png", "../../Root/b.png"]
)
def test_nothing_outside_the_root_is_taken(find, tmp_path: Path, name) -> None:
    (tmp_path.parent / "outside.png").touch()
    media, notes, findings = find(name, "batch/a.png")
    assert not (tmp_path / media).is_file() or media.startswith("../")
    assert (notes, findings) == ([], [])


def test_a_name_without_a_file_is_where_it_would_be(find) -> None:
    assert find("gone.png", "batch/a.png", "batch/deep/gone.png")[0] == "batch/gone.png"
    assert find("..hid.png", "batch/a.png")[0] == "batch/..hid.png"


def test_two_paths_of_another_machine_are_two_files(tmp_path: Path) -> None:
    (tmp_path / "1.png").touch()
    findings = Findings("labels.csv")
    names = pd.Series(["C:\\anna\\1.png", "C:\\ben\\1.png", "C:\\Anna\\1.png", "1.png"], dtype="str")
    find_media(tmp_path, tmp_path, names, findings)
    assert len(findings.lines) == 1
    assert "'anna/1.png' and 'ben/1.png' both lead to 1.png" in findings.lines[0]
