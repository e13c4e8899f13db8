"""What a file is, and the files below a folder."""

import os
from pathlib import Path

import pytest

from heelstrike.errors import UserError
from heelstrike.media import MEDIA, files_below, files_matching, is_image, is_video, kind_of

DICOM = bytes(128) + b"DICM"


@pytest.mark.parametrize("suffix", MEDIA)
def test_every_known_name_is_an_image_or_a_video(suffix: str) -> None:
    for name in (f"folder/a{suffix}", f"A.B{suffix.upper()}"):
        assert is_image(name) != is_video(name)


def test_medical_images_are_images() -> None:
    assert kind_of("x/y.NII.gz") == kind_of("a.dcm") == "scan" and is_image("x/y.NII.gz")
    assert kind_of("a.png") == "image"


@pytest.mark.parametrize("name", ["a.gz", "a.txt", "png", "a", "a.png.json", ""])
def test_other_names_are_neither(name: str) -> None:
    assert not is_image(name)
    assert not is_video(name)


@pytest.mark.parametrize("name", ["IM000001", "1.2.840.113619.2.5", "a.ima"])
def test_dicom_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(DICOM)
    assert kind_of(tmp_path / name) == "scan"
    (tmp_path / name).write_bytes(DICOM[:-1])
    assert kind_of(tmp_path / name) is None


def _touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def _names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in files_below(folder)]


def test_hidden_and_system_files_are_left_out(tmp_path: Path) -> None:
    _touch(
        tmp_path,
        "b/a.mp4",
        "._a.mp4",
        ".DS_Store",
        "b/Thumbs.db",
        ".git/x.png",
        "__MACOSX/b/a.mp4",
        "DICOMDIR",
        "c",
        "B.txt",
    )
    assert _names(tmp_path) == ["B.txt", "b/a.mp4", "c"]


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    inbox, elsewhere = tmp_path / "inbox", tmp_path / "elsewhere"
    _touch(elsewhere, "walk.mp4", "more/labels.csv")
    _touch(inbox, "week/a.png")
    (inbox / "linked").symlink_to(elsewhere)
    (inbox / "again").symlink_to(inbox / "week")  # has a path of its own
    assert _names(inbox) == ["linked/more/labels.csv", "linked/walk.mp4", "week/a.png"]


def test_links_in_a_loop_end(tmp_path: Path) -> None:
    inbox, elsewhere = tmp_path / "inbox", tmp_path / "elsewhere"
    _touch(inbox, "a.png")
    _touch(elsewhere, "b.png")
    (inbox / "self").symlink_to(inbox)
    (inbox / "up").symlink_to(tmp_path)
    (inbox / "linked").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(inbox)
    (elsewhere / "own").symlink_to(elsewhere)
    (inbox / "nowhere").symlink_to(tmp_path / "gone")
    assert _names(inbox) == ["a.png", "linked/b.png"]


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    assert files_below(tmp_path) == []


def test_a_folder_that_cannot_be_listed_is_a_message(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone: cannot be listed \(No such file or directory\)"):
        files_below(tmp_path / "gone")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("**/labels.csv", ["a/b/labels.csv", "a/labels.csv", "labels.csv"]),
        ("*/labels.csv", ["a/labels.csv"]),
        ("labels.csv", ["labels.csv"]),
        ("a/**", ["a/b/labels.csv", "a/b/x[1].json", "a/labels.csv"]),
        ("**/*[[]?].json", ["a/b/x[1].json"]),
        ("../*.csv", []),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    _touch(tmp_path, "labels.csv", "a/labels.csv", "a/b/labels.csv", "a/b/x[1].json")
    assert [path.relative_to(tmp_path).as_posix() for path in files_matching(tmp_path, pattern)] == expected


def test_a_pattern_in_a_folder_that_is_not_there_matches_nothing(tmp_path: Path) -> None:
    assert files_matching(tmp_path / "gone", "**/*") == []
