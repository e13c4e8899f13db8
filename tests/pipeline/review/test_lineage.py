"""Lineage both ways, on a real registry."""

import pytest

from heelstrike.errors import UserError
from pipeline.review.lineage import lineage_lines
from tests.pipeline.registry.test_gate import FRAMES
from tests.pipeline.review.conftest import run_id_of
from tests.worlds import World


def test_from_a_version_to_people_commit_and_environment(twice: World) -> None:
    lines = "\n".join(lineage_lines(twice.layout, "rearfoot/2"))
    for part in (
        f"run          {run_id_of(twice.root, 2)}",
        "train        6 images in 2 videos or images of 2 people: t1, t3",
        "val          3 images in 1 videos or images of 1 people: v1",
        "batches      0001-aa, 0002-bb",
        "numpy ",
    ):
        assert part in lines


@pytest.mark.parametrize(
    ("what", "kind", "uses"),
    [
        (
            "t1",
            "subject",
            ["  rearfoot/1  learned from 3 images (train)", "  rearfoot/2  learned from 3 images (train)"],
        ),
        ("t3", "subject", ["  rearfoot/2  learned from 3 images (train)"]),
        (
            "s5",
            "subject",
            [f"  rearfoot/{n}  was tested on {FRAMES} images (test)" for n in (1, 2)],
        ),
        ("0002-bb", "batch", ["  rearfoot/2  learned from 3 images (train)"]),
        ("t2.mp4", "video", ["  rearfoot/1  learned from 3 images (train)"]),
        (
            "0001-aa",
            "batch",
            [
                "  rearfoot/1  learned from 6 images (train), learned from 3 images (val)",
                "  rearfoot/2  learned from 3 images (train), learned from 3 images (val)",
            ],
        ),
    ],
)
def test_from_data_to_the_versions_that_used_it(twice: World, what: str, kind: str, uses: list[str]) -> None:
    assert lineage_lines(twice.layout, what) == [f"{kind} {what} of rearfoot:", *uses]


def test_unknown_data_is_a_message(twice: World) -> None:
    with pytest.raises(UserError, match=r"0002-bc: no version of rearfoot, .* did you mean"):
        lineage_lines(twice.layout, "0002-bc")
