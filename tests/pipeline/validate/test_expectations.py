"""Each expectation passes clean labels and reports exactly the fault that was planted."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.annotations import BOX_COLUMNS
from pipeline.problem import Problem
from pipeline.validate.check import Finding, Findings
from pipeline.validate.expectations import EXPECTATIONS
from tests.pipeline.validate.tables import find, places, still_labels, swap_row

Walk = Callable[..., pd.DataFrame]
GROUPS = {"groups": [["left_shank", "left_ankle", "left_heel"], ["right_shank", "right_ankle", "right_heel"]]}


@pytest.mark.parametrize(
    ("name", "checked"),
    [
        ("images_readable", 60),
        ("keypoints_in_image", 360),
        ("keypoints_in_box", 360),
        ("keypoints_apart", 900),
        ("keypoints_labelled", 6),
        ("ordered_top_to_bottom", 240),
        ("segment_lengths", 240),
        ("left_right_not_swapped", 180),
        ("no_jumps", 342),
        ("no_image_of_two_subjects", 60),
        ("keypoints_identifiable", 3),
        ("boxes_in_image", 60),
        ("classes_labelled", 60),
    ],
)
def test_clean_labels_pass(name: str, checked: int, walk: Walk, problem: Problem) -> None:
    options = GROUPS if name == "ordered_top_to_bottom" else {}
    assert find(name, walk(), problem, **options) == Findings(checked, find(name, walk(), problem, **options).unit, [])


def test_every_expectation_is_tested_clean() -> None:
    parameters = test_clean_labels_pass.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {name for name, _ in parameters} == set(EXPECTATIONS)


def test_a_box_outside_the_image_or_without_a_size(walk: Walk, problem: Problem) -> None:
    table = walk()
    table.loc[3, "box_x"] = -5.0
    table.loc[7, "box_w"] = 0.0
    findings = find("boxes_in_image", table, problem).items
    assert [item.row for item in findings] == [3, 7]
    assert findings[0].found.startswith("box x -5.0..")
    assert find("boxes_in_image", table.assign(box_w=100.0), problem, tolerance_px=5.0).items == []


def test_a_class_that_is_unknown_or_too_rare(walk: Walk) -> None:
    kinds = Problem(classes=("neutral", "pronation"))
    table = walk(frames=4).drop(columns=[c for c in walk() if c.endswith(("_x", "_y", "_v")) and c not in BOX_COLUMNS])
    table["class"] = ["neutral"] * 10 + ["pronation", "sideways"]
    findings = find("classes_labelled", table, kinds).items
    assert [(item.row, item.found) for item in findings] == [(11, "class 'sideways'"), (None, "pronation: 1 instances")]
    assert places(find("classes_labelled", table, kinds, at_least=1)) == [(11, "")]


def test_image_missing_or_of_another_size(walk: Walk, problem: Problem) -> None:
    table = walk()
    table.loc[4, ["file_width", "file_height"]] = -1
    table.loc[9, "file_width"] = 320
    findings = find("images_readable", table, problem).items
    assert [(i.row, i.found, i.expected) for i in findings] == [
        (4, "no readable image", "640x480 pixels"),
        (9, "320x480 pixels", "640x480 pixels"),
    ]


@pytest.mark.parametrize(("x", "reported"), [(-0.5, False), (-0.6, True), (639.5, False), (639.6, True)])
def test_the_image_ends_half_a_pixel_beyond_its_outer_pixel_centres(
    x: float, reported: bool, walk: Walk, problem: Problem
) -> None:
    table = walk()
    table.loc[2, "left_heel_x"] = x
    assert bool(find("keypoints_in_image", table, problem).items) == reported


def test_point_outside_the_image_or_not_a_number(walk: Walk, problem: Problem) -> None:
    table = walk()
    table.loc[2, "left_heel_y"] = 480.0
    table.loc[3, "left_heel_x"] = np.nan
    findings = find("keypoints_in_image", table, problem)
    assert places(findings) == [(2, "left_heel"), (3, "left_heel")]
    assert findings.items[0].expected == "x in 0..639, y in 0..479"
    assert places(find("keypoints_in_image", table, problem, tolerance_px=1)) == [(3, "left_heel")]


def test_unlabelled_points_are_not_checked(walk: Walk, problem: Problem) -> None:
    table = walk()
    table.loc[2, ["left_heel_x", "left_heel_y", "left_heel_v"]] = [np.nan, np.nan, 0]
    for name in EXPECTATIONS:
        assert not find(name, table, problem, **(GROUPS if name == "ordered_top_to_bottom" else {})).items, name


def test_point_outside_its_box(walk: Walk, problem: Problem) -> None:
    table = walk()
    table.loc[5, "box_w"] = table.loc[5, "right_heel_x"] - table.loc[5, "box_x"] - 3
    table.loc[6, "box_h"] = 0.0
    findings = find("keypoints_in_box", table, problem)
    assert (5, "right_heel") in places(findings)
    assert (6, "") in places(findings)
    assert "3.0 px outside" in next(i.found for i in findings.items if i.keypoint == "right_heel")


def test_two_keypoints_in_one_place(walk: Walk, problem: Problem) -> None:
    table = walk()
    table.loc[8, ["left_heel_x", "left_heel_y"]] = [200.04, 300.0]
    table.loc[8, ["right_heel_x", "right_heel_y"]] = [200.0, 300.0]
    findings = find("keypoints_apart", table, problem)
    assert [(i.row, i.keypoint, i.found) for i in findings.items] == [
        (8, "left_heel, right_heel", "both at (200.0, 300.0)")
    ]
    assert not find("keypoints_apart", table, problem, at_least_px=0.01).items


def test_seldom_labelled_keypoint(walk: Walk, problem: Problem) -> None:
    table = walk()
    table.loc[2:, ["left_heel_x", "left_heel_y", "left_heel_v"]] = [np.nan, np.nan, 0]
    findings = find("keypoints_labelled", table, problem)
    assert [(i.row, i.keypoint, i.found) for i in findings.items] == [(None, "left_heel", "labelled in 2 of 60 images")]


def test_markers_in_the_wrong_order(walk: Walk, problem: Problem) -> None:
    table = walk()
    y = ["right_ankle_y", "right_heel_y"]
    table.loc[8, y] = table.loc[8, y[::-1]].to_numpy()
    findings = find("ordered_top_to_bottom", table, problem, **GROUPS)
    assert places(findings) == [(8, "right_ankle, right_heel")]
    assert findings.items[0].expected == "right_ankle above right_heel"


def test_order_is_checked_across_a_missing_marker(walk: Walk, problem: Problem) -> None:
    table = walk()
    table.loc[8, ["left_ankle_x", "left_ankle_y", "left_ankle_v"]] = [np.nan, np.nan, 0]
    table.loc[8, "left_heel_y"] = table.loc[8, "left_shank_y"] - 1
    assert places(find("ordered_top_to_bottom", table, problem, **GROUPS)) == [(8, "left_shank, left_heel")]


def test_segment_much_longer_than_usual(walk: Walk, problem: Problem) -> None:
    table = walk()
    table.loc[30, "left_heel_y"] += 0.6 * (table.loc[30, "left_heel_y"] - table.loc[30, "left_ankle_y"])
    findings = find("segment_lengths", table, problem)
    assert places(findings) == [(30, "left_ankle, left_heel")]
    assert 1.4 < float(findings.items[0].found.split(" px, ")[1].split()[0]) < 1.8


def test_segment_much_shorter_than_usual_and_how_much_is_an_option(walk: Walk, problem: Problem) -> None:
    table = walk()
    for axis in "xy":
        table.loc[30, f"left_heel_{axis}"] = (
            0.3 * table.loc[30, f"left_heel_{axis}"] + 0.7 * table.loc[30, f"left_ankle_{axis}"]
        )
    assert places(find("segment_lengths", table, problem)) == [(30, "left_ankle, left_heel")]
    assert not find("segment_lengths", table, problem, shortest=0.2).items


def test_segments_of_a_subject_with_few_images_are_compared_with_everyone(walk: Walk, problem: Problem) -> None:
    table = walk(subjects=4, frames=30).iloc[:93].copy()  # the last subject has 3 images
    table.loc[91, "left_heel_y"] += 80
    assert (91, "left_ankle, left_heel") in places(find("segment_lengths", table, problem))


def test_whole_image_swapped(walk: Walk, problem: Problem) -> None:
    table = walk()
    swap_row(table, 12, problem.flip_pairs)
    findings = find("left_right_not_swapped", table, problem)
    assert places(findings) == [(12, f"{a}, {b}") for a, b in problem.flip_pairs]
    assert {i.suggestion for i in findings.items} == {"swap left and right of the whole image"}


def test_one_pair_swapped(walk: Walk, problem: Problem) -> None:
    table = walk()
    swap_row(table, 12, problem.flip_pairs[1:2])
    findings = find("left_right_not_swapped", table, problem)
    assert places(findings) == [(12, "left_ankle, right_ankle")]
    assert findings.items[0].suggestion == "swap left_ankle and right_ankle if they are mixed up"


def test_a_whole_subject_swapped_is_seen_only_where_the_side_is_said(walk: Walk, problem: Problem) -> None:
    table = walk()
    for row in range(20):
        swap_row(table, row, problem.flip_pairs)
    assert not find("left_right_not_swapped", table, problem).items
    assert len(find("left_right_not_swapped", table, problem, first="left").items) == 60


def test_sides_of_the_body_axis_do_not_mind_a_turned_body(problem: Problem, walk: Walk) -> None:
    table = walk()
    turned = list(range(0, 60, 2))
    for name in problem.keypoints:  # every second image upside down
        table.loc[turned, f"{name}_x"] = 639 - table.loc[turned, f"{name}_x"]
        table.loc[turned, f"{name}_y"] = 479 - table.loc[turned, f"{name}_y"]
    swap_row(table, 12, problem.flip_pairs)
    findings = find("left_right_not_swapped", table, problem, axis=["left_shank", "left_heel"], first="left")
    assert {i.row for i in findings.items} == {12}


def test_jump_and_back_is_one_finding(walk: Walk, problem: Problem) -> None:
    table = walk()
    table.loc[33, "left_ankle_y"] += 90
    findings = find("no_jumps", table, problem)
    assert places(findings) == [(33, "left_ankle")]
    assert "in frame 36" in findings.items[0].found
    assert findings.items[0].suggestion == "look at frames 36 and 39"


def test_jump_at_the_end_of_a_video(walk: Walk, problem: Problem) -> None:
    table = walk()
    table.loc[19, "left_ankle_y"] += 90
    assert places(find("no_jumps", table, problem)) == [(19, "left_ankle")]


def test_jumps_need_neighbours_in_time(walk: Walk, problem: Problem) -> None:
    table = walk()
    table.loc[33:, "left_ankle_y"] += 90
    table.loc[33:39, "time_s"] += 5
    assert not find("no_jumps", table, problem).items
    stills = table.assign(video="", frame=-1, time_s=np.nan)
    assert find("no_jumps", stills, problem).checked == 0


def test_jumps_without_time_stamps_use_the_assumed_rate(walk: Walk, problem: Problem) -> None:
    table = walk().assign(time_s=np.nan)
    table.loc[33, "left_ankle_y"] += 90
    assert places(find("no_jumps", table, problem)) == [(33, "left_ankle")]


def test_image_of_two_subjects(walk: Walk, problem: Problem) -> None:
    table = walk()
    table.loc[41, "phash"] = f"{int(table.loc[5, 'phash'], 16) ^ 0b101:016x}"
    table.loc[7, "phash"] = table.loc[6, "phash"]  # the same subject's: nothing wrong
    findings = find("no_image_of_two_subjects", table, problem)
    assert [i.row for i in findings.items] == [5, 41]
    assert findings.items[0].found == "2 of 64 bits away from images/p2/0001.png of subject p2"
    assert not find("no_image_of_two_subjects", table, problem, bits=1).items


def test_all_images_alike_are_each_reported_once(walk: Walk, problem: Problem) -> None:
    table = walk().assign(phash="0" * 16)
    assert len(find("no_image_of_two_subjects", table, problem).items) == 60


def test_real_labels_with_missing_points(datasets: Path) -> None:
    """mirror-mouse: 90 images, 17 points, 134 of 1530 missing; the labels are good, so errors would be false."""
    table = pd.read_csv(datasets / "mirror-mouse" / "CollectedData.csv", header=[0, 1, 2], index_col=0)
    names = tuple(table.columns.get_level_values(1)[::2])
    xy = table.to_numpy(dtype=float).reshape(90, 17, 2)
    pairs = (("paw1LH_top", "paw4RH_top"), ("paw2LF_top", "paw3RF_top"), ("paw1LH_bot", "paw4RH_bot"))
    problem = Problem(keypoints=names, flip_pairs=pairs, skeleton=(("nose_top", "tailBase_top"),))
    labels = still_labels(problem, xy, (396, 406))
    findings: dict[str, list[Finding]] = {}
    for name in ("keypoints_in_image", "keypoints_labelled", "segment_lengths", "keypoints_identifiable", "no_jumps"):
        findings[name] = EXPECTATIONS[name]().find(labels).items
    assert {name: len(items) for name, items in findings.items()} == {
        "keypoints_in_image": 0,
        "keypoints_labelled": 0,
        "segment_lengths": 0,
        "keypoints_identifiable": 0,
        "no_jumps": 0,
    }
    assert EXPECTATIONS["keypoints_in_image"]().find(labels).checked == 1530 - 134
