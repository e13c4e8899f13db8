"""What is added to a subject on request changes pictures and never labels; what is not asked for changes nothing."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from pipeline.synthetic.camera import Camera, below_floor, look
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.rearfoot import render
from pipeline.synthetic.settings import SyntheticSource
from pipeline.synthetic.skin_marks import draw_hair, draw_scars
from pipeline.synthetic.source import GENERATORS
from pipeline.synthetic.variety import draw_variety, varied

PLAIN = SyntheticSource(
    kind="synthetic", width=160, height=120, subjects=2, frames_per_subject=2, frame_step=10, seed=3
)
VARIED = PLAIN.model_copy(update={"variety": 1.0})


def test_without_variety_a_subject_stays_as_it_is() -> None:
    subject = make_subject(PLAIN, 0)
    same, variety = varied(PLAIN, 0, subject)
    assert not (variety.hevc or variety.gleam or variety.scars or variety.hair)
    assert same.quality == subject.quality
    assert all(a.texture is b.texture for a, b in zip(same.legs, subject.legs, strict=True))


def test_variety_changes_pictures_and_not_labels() -> None:
    subject = make_subject(PLAIN, 0)
    other, variety = varied(VARIED, 0, subject)
    assert variety.hevc and variety.scars and variety.hair and variety.gleam > 0
    for (plain, labels), (picture, same) in zip(islice(render(subject), 2), islice(render(other), 2), strict=True):
        np.testing.assert_array_equal(labels, same)
        assert 0 < (plain != picture).any(axis=2).mean() < 1


def test_shares_are_those_that_were_asked_for_and_independent() -> None:
    some = PLAIN.model_copy(update={"variety": 0.3})
    drawn = [draw_variety(some, index) for index in range(400)]
    there = np.array([[v.hevc, v.gleam > 0, v.scars, v.hair] for v in drawn])
    assert np.abs(there.mean(axis=0) - 0.3).max() < 0.08
    assert np.abs(np.corrcoef(there.T) - np.eye(4)).max() < 0.15
    assert all(18 <= v.quality <= 35 for v in drawn)


def test_a_mirrored_point_is_seen_where_the_floor_mirrors_it() -> None:
    """A point's mirror image at the floor, seen by the camera, is the point seen from below, upside down."""
    camera: Camera = look(np.array([0.1, 0.4, 0.0]), np.array([0.0, 0.2, 2.0]), 0.1, 500.0, 160, 120)
    points = np.array([[0.1, 0.3, 1.8], [-0.2, 0.05, 2.2], [0.0, 0.0, 2.0]])
    mirrored = below_floor(camera).project(points)
    mirrored[:, 1] = camera.height - 1 - mirrored[:, 1]
    np.testing.assert_allclose(mirrored, camera.project(points * [1, -1, 1]))
    np.testing.assert_allclose(np.linalg.det(below_floor(camera).axes), np.linalg.det(camera.axes))


def test_a_floor_mirrors_the_markers_below_the_feet() -> None:
    subject = replace(make_subject(PLAIN, 1), rails=(), behind=None, shake=0.0)
    dull, shiny = (next(iter(render(replace(subject, gleam=gleam))))[0].astype(int) for gleam in (0.0, 0.5))
    rows = np.flatnonzero(np.abs(shiny - dull).max(axis=(1, 2)) > 8)
    assert len(rows) and rows.min() > 40


@pytest.mark.parametrize("draw", [draw_scars, draw_hair])
def test_marks_on_skin_are_small_and_reproducible(draw: object) -> None:
    skin = np.full((768, 96, 3), 150.0, np.float32)
    first, again = (draw(skin, np.random.default_rng(5)) for _ in range(2))  # type: ignore[operator]
    np.testing.assert_array_equal(first, again)
    changed = (np.abs(first - skin) > 3).any(axis=2)
    assert 0.0005 < changed.mean() < 0.7
    assert not changed[-200:].any(), "shoe and sole have none"
    assert (skin == 150).all()


def test_videos_are_in_the_codec_that_was_drawn() -> None:
    clips = [GENERATORS["rearfoot"].clip(settings, 0) for settings in (PLAIN, VARIED)]
    assert [clip.codec for clip in clips] == ["h264", "hevc"]
    assert clips[1].quality == draw_variety(VARIED, 0).quality
