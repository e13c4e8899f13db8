"""Names of keypoints and classes: what is accepted, and what means left and right."""

import pytest
from pydantic import ValidationError

from heelstrike.errors import UserError
from pipeline.annotations import FIXED_COLUMNS, PLACEMENT_COLUMNS, keypoint_columns
from pipeline.names import side_pairs
from pipeline.params import parse_params
from pipeline.problem import Problem


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("left_knee", "right_knee"), ("knee_left", "knee_right"), ("leftKnee", "rightKnee"), ("KneeLeft", "KneeRight"),
        ("LEFT KNEE", "RIGHT KNEE"), ("l_knee", "r_knee"), ("knee_l", "knee_r"), ("knee-L", "knee-R"),
        ("LKnee", "RKnee"), ("kneeL", "kneeR"), ("L", "R"), ("L1", "R1"), ("leftear", "rightear"), ("lknee", "rknee"),
        ("lt.knee", "rt.knee"), ("left", "right"),
        ("hip_left_1", "hip_right_1"), ("left_of_left_knee", "right_of_right_knee"),
    ],
)  # fmt: skip
def test_names_of_two_sides(left: str, right: str) -> None:
    assert side_pairs((left, "top", right)) == [(left, right)]
    assert side_pairs((right, left)) == [(right, left)]


def test_names_that_only_look_like_sides() -> None:
    names = ("lip", "nose", "heel", "heer", "cleft", "shoulder", "lateral_left", "medial_right", "L2", "R1", "bright")
    assert side_pairs(names) == []


def section(problem: dict, **rooms: object) -> dict:
    return {"problem": problem, "collect": {"sources": [{"kind": "csv"}]}, "model": {"name": "spatial"}, **rooms}


@pytest.mark.parametrize(
    ("rooms", "accepted"),
    [
        ({}, False),  # images are mirrored by default
        ({"augment": {"flip": 0}}, True),
        ({"augment": {"recipe": ["y_axis_flip"]}}, False),
        ({"augment": {"recipe": ["zoom_1_4"]}}, True),
        ({"augment": {"flip": 0, "views": [{"flip": 0.5}]}}, False),
        ({"augment": {"flip": 0}, "search": {"space": {"augment.flip": {"choose": [0.0, 0.5]}}}}, False),
    ],
)
def test_sides_without_flip_pairs(rooms: dict, accepted: bool) -> None:
    sides = {"keypoints": ["left_heel", "right_heel", "top"]}
    if accepted:
        assert parse_params({"problems": ["toy"], "toy": section(sides, **rooms)})
        return
    with pytest.raises(
        UserError, match=r"toy: augment.flip .* lacks them: \[\['left_heel', 'right_heel'\]\]; add them"
    ):
        parse_params({"problems": ["toy"], "toy": section(sides, **rooms)})
    paired = sides | {"flip_pairs": [["right_heel", "left_heel"]]}
    assert parse_params({"problems": ["toy"], "toy": section(paired, **rooms)})


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        ({"flip_pairs": [["top", "top"]]}, "pairs 'top' with itself"),
        ({"flip_pairs": [["left_a", "right_b"], ["left_b", "right_a"]]}, "pairs 'left_a' with 'right_b', but"),
        ({"flip_pairs": [["left_a", "top"]]}, r"\('left_a', 'right_a'\)"),
    ],
)
def test_flip_pairs_that_cannot_be_meant(problem: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Problem.model_validate({"keypoints": ["left_a", "left_b", "right_a", "right_b", "top"]} | problem)


@pytest.mark.parametrize(
    "name",
    ["N'", "a, b", "a/b", "a:b", "a\\b", "", " ", "a ", "..", "a\nb", "=1+1", "-a", "x" * 81, "a\u202eb", "box",
     "slice_a"],
)  # fmt: skip
def test_names_that_columns_metrics_or_files_cannot_have(name: str) -> None:
    for names in ({"keypoints": ["top", name]}, {"classes": ["top", name]}):
        if name in ("box", "slice_a") and "classes" in names:
            continue
        with pytest.raises(ValidationError):
            Problem.model_validate(names)


@pytest.mark.parametrize("name", ["Ferse außen", "голова", "p0", "1_pronacja", "toe.2", "heel-left", "足"])
def test_names_of_any_language(name: str) -> None:
    assert Problem(keypoints=(name,)).keypoints == (name,)


def test_names_are_compared_in_one_normal_form() -> None:
    composed, decomposed = "H\u00fcfte", "Hu\u0308fte"
    problem = Problem(keypoints=(decomposed, "top"), skeleton=((composed, "top"),))
    assert problem.keypoints == (composed, "top")
    for twice in ((composed, decomposed), ("Heel", "heel"), ("Stra\u00dfe", "STRASSE")):
        with pytest.raises(ValidationError, match="keypoints has a name twice"):
            Problem(keypoints=twice)


def test_no_other_keypoint_has_a_column_of_the_table() -> None:
    taken = {*FIXED_COLUMNS, *PLACEMENT_COLUMNS, "class", "exam"}
    stems = {column.rpartition("_")[0] for column in taken}
    assert {s for s in stems if s and {*keypoint_columns((s,)), f"{s}_observers"} & taken} == {"box"}


@pytest.mark.parametrize("source", [{"kind": "coco"}, {"kind": "deeplabcut"}])
def test_two_keypoints_of_one_name_in_the_file(source: dict) -> None:
    setting = "bodyparts" if source["kind"] == "deeplabcut" else "keypoints"
    section = {"problem": {"keypoints": ["a", "b"]}, "model": {"name": "spatial"}}
    collect = {"sources": [source | {setting: {"a": "b"}}]}
    with pytest.raises(UserError, match=rf"collect.sources.0.{setting} gives two names .*: \['b'\]"):
        parse_params({"problems": ["toy"], "toy": section | {"collect": collect}})
    collect = {"sources": [source | {setting: {"a": "b", "b": "a"}}]}
    assert parse_params({"problems": ["toy"], "toy": section | {"collect": collect}})
