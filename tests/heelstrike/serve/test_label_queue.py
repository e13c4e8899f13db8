"""Which frames deserve a label, and why."""

from dataclasses import replace

import numpy as np
import pytest

from heelstrike.serve.label.criteria import CRITERIA, View
from heelstrike.serve.label.queue import RANDOM, Footage, choose
from heelstrike.serve.label.signals import Signals

FRAMES = 200
KEYPOINTS = ("left_heel", "right_heel")


def signals(seed: int = 0) -> Signals:
    """Two points that move smoothly, sure and with small radii."""
    time = np.arange(FRAMES)[:, None]
    points = np.stack([100 + time + [[0, 50]], 80 + 0 * time + [[0, 0]]], axis=2).astype(float)
    points += np.random.default_rng(seed).normal(0, 0.05, points.shape)
    sure = np.full((FRAMES, 2), 0.9, np.float32)
    small = np.random.default_rng(seed + 1).uniform(1, 2, (FRAMES, 2)).astype(np.float32)
    return Signals(points, sure, small, np.ones((FRAMES, 2), bool), np.zeros(FRAMES, bool))


def view(**changes: object) -> View:
    return View(KEYPOINTS, 500.0, signals(), model="toy/2", **changes)  # type: ignore[arg-type]


def chosen_by(name: str, footage: Footage) -> list[tuple[int, str]]:
    """Frames that a criterion chose, with the reason that it gives first."""
    return [(one.frame, one.reasons[0]) for one in choose([footage], 16, 0.0, 1) if one.by == name]


def test_the_largest_radius_is_first() -> None:
    there = view()
    there.signals.radius[40, 1] = 31.25
    there.signals.radius[90, 0] = np.inf
    first, second, *_ = chosen_by("radius", Footage("a", there))
    assert first == (90, "the model cannot say how far left heel may be off")
    assert second == (40, "right heel may be off by 31.2 px")


def test_doubts_are_about_the_confidence_that_is_nearest_to_the_threshold() -> None:
    there = view()
    there.signals.confidence[70, 0], there.signals.found[70, 0] = 0.35, False
    there.signals.confidence[20, 1], there.signals.doubted[20] = 0.55, True
    there.signals.confidence[120, 1], there.signals.found[120, 1] = 0.02, False  # surely not there
    there.signals.confidence[150], there.signals.found[150] = 0.01, False
    there.signals.confidence[180, 0] = 0.6
    there.signals.doubted[50] = True
    there.signals.radius[:] = np.nan
    assert chosen_by("doubts", Footage("a", there)) == [
        (20, "right heel was found with a confidence of 55 % only"),
        (180, "left heel was found with a confidence of 60 % only"),
        (150, "nothing was found"),
        (70, "left heel was not found (confidence 35 %)"),
        (50, "it was not measured, or its result is not reliable"),
        (120, "right heel was not found (confidence 2 %)"),
    ]


def test_a_jump_is_measured_against_the_frames_beside_it() -> None:
    there = view()
    there.signals.points[60, 1] += (0, 24)
    assert chosen_by("jumps", Footage("a", there))[0] == (
        60,
        f"right heel jumps by {_off(there, 60):.1f} px against the frames beside it",
    )
    assert _off(there, 60) == pytest.approx(24, abs=0.3)


def _off(there: View, frame: int) -> float:
    points = there.signals.points[:, 1]
    return float(np.linalg.norm(points[frame] - (points[frame - 1] + points[frame + 1]) / 2))


def test_two_models_that_disagree() -> None:
    there = view(other=signals(), other_model="toy/3")
    assert there.other is not None
    there.other.points[120, 0] += (9, 12)
    there.other.found[30, 1] = False
    assert chosen_by("disagreement", Footage("a", there)) == [
        (120, "toy/2 and toy/3 put left heel 15.0 px apart"),
        (30, "of toy/2 and toy/3 only one finds right heel"),
    ]
    assert chosen_by("disagreement", Footage("a", replace(there, other=None))) == []


@pytest.mark.parametrize("name", CRITERIA)
def test_a_criterion_scores_every_frame_and_says_something_about_those_it_scores(name: str) -> None:
    there = view(other=signals(5), other_model="toy/3")
    there.signals.found[::7] = False
    there.signals.points[3] = np.nan
    scored = CRITERIA[name](there)
    assert scored.scores.shape == (FRAMES,)
    assert all(scored.words(int(frame)) for frame in np.flatnonzero(np.isfinite(scored.scores)))


def test_the_stated_share_is_drawn_at_random_wherever_one_stops() -> None:
    chosen = choose([Footage("a", view()), Footage("b", view())], 40, 0.25, 7)
    drawn = np.cumsum([one.by == RANDOM for one in chosen])
    assert len(chosen) == 40
    assert drawn.tolist() == [int(np.ceil(0.25 * n)) for n in range(1, 41)]


def test_the_draw_depends_on_its_seed_and_stays_when_frames_are_labelled_or_videos_come() -> None:
    def drawn(seed: int, *footage: Footage) -> list[int]:
        return [one.frame for one in choose(footage, 20, 1.0, seed) if one.footage == 0]

    first = Footage("a", view())
    assert drawn(1, first) == drawn(1, first) != drawn(2, first)
    done = replace(first, labelled=frozenset(drawn(1, first)[:5]))
    assert drawn(1, done)[:15] == drawn(1, first)[5:]
    assert [frame for frame in drawn(1, first) if frame in drawn(1, first, Footage("b", view()))] == drawn(
        1, first, Footage("b", view())
    )


def test_the_draw_is_uniform() -> None:
    """Over many seeds every tenth of a video is drawn equally often: chi-square, 9 degrees of freedom."""
    frames = [choose([Footage("a", view())], 1, 1.0, seed)[0].frame for seed in range(400)]
    counts = np.bincount(np.array(frames) * 10 // FRAMES, minlength=10)
    assert ((counts - 40) ** 2 / 40).sum() < 27.9  # 0.1 % of fair draws are beyond


def test_frames_beside_labelled_and_chosen_ones_are_passed_over() -> None:
    there = view()
    there.signals.radius[50:56, 0] = 40
    chosen = choose([Footage("a", there, frozenset({100}))], 10, 0.0, 1)
    frames = sorted(one.frame for one in chosen)
    assert frames.count(50) == 1
    assert min(np.diff(frames)) > 5
    assert not {*range(95, 106)} & set(frames)


def test_what_is_left_when_nothing_stands_out() -> None:
    """A model without radii and without doubts: then all are drawn at random, until every frame has a label."""
    there = view()
    plain = replace(there, signals=replace(there.signals, radius=np.full((FRAMES, 2), np.nan)))
    chosen = choose([Footage("a", plain, frozenset(range(190)))], 40, 0.2, 1)
    assert sorted(one.frame for one in chosen) == list(range(190, 200))
    assert {one.by for one in chosen} == {RANDOM}
    assert choose([], 5, 0.2, 1) == []
