"""The pixels and the labels of synthetic walking."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.synthetic.people import Dressed, Subject, make_subject
from pipeline.synthetic.rearfoot import KEYPOINTS, render, slices_of
from pipeline.synthetic.sensor import Sensor
from pipeline.synthetic.settings import SyntheticSource

SMALL = SyntheticSource(kind="synthetic", width=160, height=120)


def clean(subject: Subject, shutter: float, hem: float = 0.0) -> Subject:
    """Return the subject with evenly bright markers on black legs: no noise, distractors, shine or camera shake."""

    def bare(dressed: Dressed) -> Dressed:
        markers = [
            None if m is None else replace(m, albedo=np.full(3, 0.9), gloss=0.0, pattern=None, ball=False)
            for m in dressed.markers
        ]
        return replace(dressed, markers=tuple(markers), lookalikes=(), hem=hem, texture=np.zeros_like(dressed.texture))

    return replace(
        subject,
        sensor=Sensor(np.ones(3), flicker=0.0, band=1.0, lens=0.6, noise=0.0, sharpening=0.0),
        legs=(bare(subject.legs[0]), bare(subject.legs[1])),
        rails=(),
        behind=None,
        shake=0.0,
        shutter=shutter,
        fps=10,
        frames=12,
    )


def without_markers(subject: Subject) -> Subject:
    left, right = (replace(leg, markers=(None, None, None)) for leg in subject.legs)
    return replace(subject, legs=(left, right))


@pytest.mark.parametrize("shutter", [0.001, 0.15])
def test_labels_are_the_centres_of_what_the_markers_add_to_the_picture(shutter: float) -> None:
    subject = clean(make_subject(SyntheticSource(kind="synthetic"), 0), shutter)
    off = []
    for (picture, xy), (plain, _) in zip(render(subject), render(without_markers(subject)), strict=True):
        added = np.abs(picture.astype(float) - plain).sum(axis=2)
        for x, y in xy[np.isfinite(xy).all(axis=1)]:
            distances = np.linalg.norm(xy - [x, y], axis=1)
            if np.nanmin(distances[distances > 0], initial=99) < 40 or not (20 < x < 620 and 20 < y < 460):
                continue
            u, v = np.arange(round(x) - 18, round(x) + 19), np.arange(round(y) - 18, round(y) + 19)
            part = added[v[0] : v[-1] + 1, u[0] : u[-1] + 1]
            centroid = np.array([part.sum(axis=0) @ u, part.sum(axis=1) @ v]) / part.sum()
            off.append(np.linalg.norm(centroid - [x, y]))
    assert len(off) > 30
    assert np.median(off) < 0.1
    assert max(off) < 0.3


def test_frames_are_the_same_by_seed_and_differ_by_subject() -> None:
    first, again, other = (next(render(make_subject(SMALL, i))) for i in (4, 4, 5))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_rear_foot_angles_and_places_are_those_of_people() -> None:
    angles, sides, share = [], [], []
    for index in range(12):
        subject = replace(make_subject(SMALL, index), frames=14, fps=10)
        xy = np.stack([points for _, points in render(subject)]).reshape(-1, 2, 3, 2)
        upper, lower = xy[:, :, 1] - xy[:, :, 0], xy[:, :, 2] - xy[:, :, 1]
        turn = np.degrees(np.arctan2(lower[..., 1], lower[..., 0]) - np.arctan2(upper[..., 1], upper[..., 0]))
        angles += [*turn[:, 0], *-turn[:, 1]]  # eversion is positive on both sides
        if all(subject.in_view):
            sides.append(np.nanmean(xy[:, 1, :, 0]) - np.nanmean(xy[:, 0, :, 0]))
        share.append(np.isfinite(xy[..., 0]).mean())
    angles = np.array(angles)[np.isfinite(angles)]
    low, high = np.percentile(angles, [2, 98])
    assert -25 < low < -5 and 6 < high < 25
    assert min(sides) > 0  # the patient's left is on the left
    assert 0.6 < np.mean(share) < 1


def test_tones_lights_and_views_are_spread_evenly_over_any_number_of_subjects() -> None:
    subjects = [make_subject(SyntheticSource(kind="synthetic", width=64, height=64), i) for i in range(12)]
    assert sorted(s.slices["tone"] for s in subjects[:6]) == ["I", "II", "III", "IV", "V", "VI"]
    assert len({s.slices["lighting"] for s in subjects[:7]}) == 7
    assert [s.slices["view"] for s in subjects[:10]].count("stand") == 2


def test_hidden_markers_are_left_blank() -> None:
    walker = next(s for s in (make_subject(SMALL, i) for i in range(9)) if s.slices["view"] == "walk")
    subject = clean(walker, 0.001)
    shank, ankle = KEYPOINTS.index("left_shank"), KEYPOINTS.index("left_ankle")
    plain = np.stack([xy for _, xy in render(subject)])
    assert np.isfinite(plain[:, ankle]).any()
    marker = subject.legs[0].markers[0]
    assert marker is not None
    covered = np.stack([xy for _, xy in render(clean(walker, 0.001, hem=marker.t + 0.02))])
    assert np.isnan(covered[:, shank]).all() and np.isfinite(covered[:, ankle]).any()
    one_leg = np.stack([xy for _, xy in render(replace(subject, in_view=(False, True)))])
    assert np.isnan(one_leg[:, :3]).all() and np.isfinite(one_leg[:, 3:]).any()
    smeared = np.stack([xy for _, xy in render(replace(subject, shutter=1.0))])
    assert np.isfinite(smeared).sum() < np.isfinite(plain).sum()


def test_a_marker_is_blank_if_more_than_half_of_it_is_hidden() -> None:
    subject = clean(make_subject(SyntheticSource(kind="synthetic"), 0), 0.001)
    x = next(render(subject))[1][1, 0]
    marker = subject.legs[0].markers[1]
    assert marker is not None
    for past, hidden in ((-0.5, False), (0.5, True)):  # the rail's right edge, in radii beyond the centre
        radius = subject.camera.focal * marker.radius / subject.gait.start
        edge = x + past * radius
        rail = np.array([[[edge - 30, -2.0], [edge - 30, 482.0]], [[edge, -2.0], [edge, 482.0]]])
        points = next(render(replace(subject, rails=(rail,))))[1]
        assert np.isnan(points[1]).all() == hidden


def test_a_bystander_has_no_labels() -> None:
    source = SyntheticSource(kind="synthetic", incomplete=0.5, upright=0.3)
    subject = next(s for s in (make_subject(source, i) for i in range(40)) if s.behind is not None)
    behind = subject.behind
    assert behind is not None
    assert all(marker is None for dressed in behind.legs for marker in dressed.markers)
    alone = next(render(replace(subject, behind=None)))
    both = next(render(subject))
    np.testing.assert_array_equal(alone[1], both[1])


def test_legs_fill_the_share_of_the_picture_that_is_asked_for() -> None:
    def spans(low: float, high: float) -> float:
        source = SyntheticSource(kind="synthetic", legs=(low, high), width=320, height=240)
        frames = [next(render(replace(make_subject(source, i), shutter=0.01)))[1][:, 1] for i in range(8)]
        return float(np.median([np.ptp(y[np.isfinite(y)]) for y in frames if np.isfinite(y).any()])) / 240

    assert 0.02 < spans(0.1, 0.15) < 0.1 < 0.3 < spans(0.85, 0.95) < 0.6


def test_a_range_of_sizes_the_wrong_way_round_is_refused() -> None:
    with pytest.raises(ValueError, match=r"legs 1 to 0\.5 is the wrong way round"):
        SyntheticSource(kind="synthetic", legs=(1.0, 0.5))


def test_slices_of_a_frame() -> None:
    points = np.full((6, 2), np.nan)
    points[:2] = [[10, 20], [12, 50]]
    assert slices_of(points, 100) == {"markers": "2 markers", "span": "20 to 40 %"}
