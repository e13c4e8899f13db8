"""Each gate on cases made by hand: one challenger that passes it, one that fails, whatever the head."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from heelstrike.files import write_json
from heelstrike.package.quantised import Quantised
from pipeline.heads.classes.error import ERROR as CLASS
from pipeline.heads.detections.error import ERROR as DETECTIONS
from pipeline.heads.error import ErrorMetric
from pipeline.heads.keypoints.error import ERROR as KEYPOINTS
from pipeline.package.disturbed.result import Disturbed
from pipeline.package.disturbed.tally import Tally
from pipeline.package.settings import DisturbedSettings
from pipeline.params import ProblemParams
from pipeline.registry.account import Standing
from pipeline.registry.criteria import gates
from pipeline.registry.criteria.contest import Contest, Contestant, Screen
from pipeline.registry.examine import Examination
from pipeline.scoring.case_table import Cases
from tests.cases import make_cases
from tests.packages import LEFT, PROBLEM, RIGHT

COUNT = 24
TONE = np.array(["dark", "light"] * (COUNT // 2))
Verdict = tuple[bool, str, dict[str, float]]


def params(**gates: Any) -> ProblemParams:
    return ProblemParams.model_validate(
        {
            "problem": PROBLEM.model_dump(),
            "collect": {"sources": [{"kind": "csv"}]},
            "model": {"name": "spatial"},
            "evaluate": {"bootstrap": 200},
            "gates": gates,
            "measure": {"name": "rearfoot_angle", "left": LEFT, "right": RIGHT},
        }
    )


def legs(by: float, labelled: np.ndarray | None = None) -> Cases:
    """Two straight legs; every heel is found so many pixels beside its label."""
    truth = np.tile([[40.0, 10], [40, 50], [40, 90], [80, 10], [80, 50], [80, 90]], (COUNT, 1, 1))
    found = truth.copy()
    found[:, [2, 5], 0] += by
    if labelled is not None:
        truth[~labelled] = np.nan
    return make_cases({"keypoints": truth}, {"keypoints": found}, slices={"tone": TONE})


def legs_off(rmse_px: np.ndarray) -> Cases:
    """Each image is of another person, and its error is so many pixels of the network's input."""
    cases = legs(0)
    moved = cases.truth["keypoints"] + (2 * rmse_px * np.sqrt(2))[:, None, None] * [1, 0]
    people = np.array([f"s{number}" for number in range(COUNT)])
    return replace(cases, subjects=people, answers=cases.answers | {"keypoints": moved})


def classes(wrong: int) -> Cases:
    """Two classes in turn, so many of them taken for the other."""
    truth = np.arange(COUNT) % 2
    answered = np.where(np.arange(COUNT) < wrong, 1 - truth, truth)
    return make_cases({"classes": truth}, {"probabilities": np.eye(2)[answered]}, slices={"tone": TONE})


def instances(missed: int) -> Cases:
    """One instance in each image, so many of them not found."""
    truth = np.tile([[[0.0, 0, 10, 10, 0]]], (COUNT, 1, 1))
    found = np.tile([[[0.0, 0, 10, 10, 0, 0.9]]], (COUNT, 1, 1))
    found[:missed, :, 5] = 0
    return make_cases({"objects": truth}, {"objects": found}, slices={"tone": TONE})


def side(metric: ErrorMetric, cases: Cases, run: Cases | None = None, ms: float = 5, **manifest: Any) -> Contestant:
    examined = Examination(metric, cases, run or cases, ms)
    return Contestant(Path(), SimpleNamespace(**{"parity_px": 0.001, "quantised": None} | manifest), examined)  # type: ignore[arg-type]


def contest(challenger: Contestant, champion: Contestant | None = None, **settings: Any) -> Contest:
    return Contest(params(**settings), challenger, champion, Path())


HEADS: dict[str, tuple[ErrorMetric, Callable[[int], Cases]]] = {
    "keypoints": (KEYPOINTS, legs),
    "class": (CLASS, classes),
    "detections": (DETECTIONS, instances),
}


@pytest.fixture(params=HEADS)
def head(request: pytest.FixtureRequest) -> tuple[ErrorMetric, Callable[[int], Cases]]:
    """An error metric, and cases of its head: the larger the number, the worse."""
    return HEADS[request.param]


def test_error(head: tuple[ErrorMetric, Callable[[int], Cases]]) -> None:
    metric, cases = head
    found = metric.score(cases(6)).value
    assert found > 0
    passed, reason, numbers = gates.error(contest(side(metric, cases(6)), max_error=found + 0.1))
    assert passed and metric.pooling in reason
    assert numbers == {metric.name: found, "limit": pytest.approx(found + 0.1)}
    assert not gates.error(contest(side(metric, cases(6)), max_error=found - 0.1))[0]
    assert gates.error(contest(side(metric, cases(6))))[1].endswith("no limit in params")


def test_finite(head: tuple[ErrorMetric, Callable[[int], Cases]]) -> None:
    metric, cases = head
    assert gates.finite(contest(side(metric, cases(0)))) == (
        True,
        "0 of 24 test images gave no finite prediction",
        {"images": 0},
    )
    broken = cases(0).answered({name: array * np.nan for name, array in cases(0).answers.items()})
    verdict = gates.finite(contest(side(metric, cases(0), broken)))
    assert verdict[:2] == (False, "24 of 24 test images gave no finite prediction")


def test_finite_looks_at_every_number_of_the_package() -> None:
    cases = legs(0)
    confidence = np.ones((COUNT, 6))
    confidence[3, 5] = np.nan
    run = cases.answered(cases.answers | {"confidence": confidence})
    assert gates.finite(contest(side(KEYPOINTS, cases, run)))[1].startswith("1 of 24 test images")


def test_comparison(head: tuple[ErrorMetric, Callable[[int], Cases]]) -> None:
    metric, cases = head
    better, worse = side(metric, cases(0)), side(metric, cases(20))
    passed, _, numbers = gates.comparison(contest(better, worse))
    assert passed and numbers["confidence"] > 0.99
    assert numbers[f"champion_{metric.name}"] == metric.score(cases(20)).value
    assert not gates.comparison(contest(worse, better))[0]
    assert not gates.comparison(contest(better, better))[0]
    assert gates.comparison(contest(better))[0]


def test_the_account_raises_the_needed_confidence_and_names_new_people() -> None:
    better, worse = side(KEYPOINTS, legs(0)), side(KEYPOINTS, legs(20))
    made = contest(better, worse)
    passed, reason, numbers = gates.comparison(made)
    assert passed and numbers["confidence"] == 1 - 2**-12 and numbers["needed"] == pytest.approx(0.9875)
    assert "better with confidence 0.999756, at least 0.9875, the first use of these test people" in reason
    used = replace(made, standing=Standing(uses=14, new_people=3))
    passed, reason, numbers = gates.comparison(used)
    assert passed and numbers["needed"] == pytest.approx(1 - 0.05 * 3 / (17 * 18))
    assert "since these test people (3 of them are new) were used 14 times before" in reason
    assert "nearly spent: label people who are new to it, first of tone=dark (12 now)" in reason
    passed, reason, _ = gates.comparison(replace(made, standing=Standing(uses=40)))
    assert not passed and "; 12 people cannot show that, at least 14 can: label people" in reason


def test_a_champion_that_is_to_retire_is_replaced_without_a_comparison() -> None:
    made = contest(side(KEYPOINTS, legs(20)), side(KEYPOINTS, legs(0)))
    assert gates.comparison(replace(made, retiring="it learned from a person who withdrew")) == (
        True,
        "it learned from a person who withdrew",
        {},
    )


def test_a_challenger_that_fails_the_screen_does_not_use_the_test_split() -> None:
    made = contest(side(KEYPOINTS, legs(0)), side(KEYPOINTS, legs(20)))
    passed, reason, numbers = gates.comparison(replace(made, screen=Screen(15, 0.4, 0.8)))
    assert not passed and reason.startswith("not better on the 15 people of the validation split (confidence 0.400")
    assert "needed" not in numbers
    assert gates.comparison(replace(made, screen=Screen(15, 0.9, 0.8)))[0]


def test_the_comparison_may_be_on_the_measurement() -> None:
    better, worse = side(KEYPOINTS, legs(4)), side(KEYPOINTS, legs(8))
    passed, reason, numbers = gates.comparison(contest(better, worse, compare_on="measurement"))
    assert passed and "in the mean 11.310 -> 5.711°" in reason
    assert numbers["difference"] == pytest.approx(np.degrees(np.arctan2(4, 40) - np.arctan2(8, 40)), abs=1e-3)


def test_what_answers_something_else_cannot_be_compared() -> None:
    points, kinds = side(KEYPOINTS, legs(1)), side(CLASS, classes(1))
    for gate in (gates.comparison, gates.slices):
        assert gate(contest(points, kinds))[:2] == (
            False,
            "cannot be compared: error rate of the champion, RMSE of the challenger",
        )


def test_a_slice_whose_people_became_much_worse_is_refused(head: tuple[ErrorMetric, Callable[[int], Cases]]) -> None:
    metric, cases = head
    assert gates.slices(contest(side(metric, cases(4)), side(metric, cases(8))))[0]
    passed, reason, numbers = gates.slices(contest(side(metric, cases(24)), side(metric, cases(2))))
    assert not passed and reason.startswith("worse by more than ") and "tone=dark" in reason
    assert numbers["tone=dark"] > numbers["margin"] > 0


def test_too_few_people_to_judge_a_slice_is_said_and_refuses_nothing() -> None:
    worse, better = side(KEYPOINTS, legs(20)), side(KEYPOINTS, legs(2))
    passed, reason, _ = gates.slices(contest(worse, better, min_slice_people=13))
    assert passed
    assert reason == (
        "no slice has enough people to be judged; "
        "too few people to judge tone=dark (12), tone=light (12), 13 are needed"
    )


def test_a_champion_twice_as_good_is_not_refused_for_a_small_loss_in_one_slice() -> None:
    """From 0.16 to 0.23 px on one background, while the error of all others falls by half."""
    rng = np.random.default_rng(1)
    scatter = np.exp(rng.normal(0, 0.2, COUNT))
    black = TONE == "dark"
    champion = legs_off(np.where(black, 0.16, 1.0) * scatter)
    challenger = legs_off(np.where(black, 0.23, 0.5) * scatter)
    made = contest(side(KEYPOINTS, challenger), side(KEYPOINTS, champion))
    passed, reason, numbers = gates.slices(made)
    assert passed, reason
    assert numbers["tone=dark"] == pytest.approx(0.07, abs=0.02)
    assert reason.startswith("2 of 2 slices are shown to be no worse by ")
    tight = contest(side(KEYPOINTS, challenger), side(KEYPOINTS, champion), slice_margin=0.01)
    assert gates.slices(tight)[1].startswith("worse by more than 0.01 px: tone=dark 0.1")


def test_a_slice_that_is_sure_neither_way_is_reported() -> None:
    rng = np.random.default_rng(2)
    champion, challenger = (legs_off(np.exp(rng.normal(0, 1.5, COUNT))) for _ in range(2))
    passed, reason, _ = gates.slices(contest(side(KEYPOINTS, challenger), side(KEYPOINTS, champion)))
    assert passed and "not sure in tone=dark " in reason


def test_a_slice_in_which_nothing_is_labelled_is_reported_and_fails_nothing() -> None:
    labelled = TONE == "dark"
    ours, theirs = side(KEYPOINTS, legs(1, labelled)), side(KEYPOINTS, legs(2, labelled))
    passed, reason, numbers = gates.slices(contest(ours, theirs))
    assert passed and set(numbers) == {"tone=dark", "margin"}
    assert reason.endswith("; nothing is labelled in tone=light")


def test_images_without_a_value_are_no_group() -> None:
    old = {"tone": np.where(TONE == "dark", "", TONE)}
    ours, theirs = (side(KEYPOINTS, replace(legs(by), slices=old)) for by in (8, 4))
    assert list(gates.slices(contest(ours, theirs))[2]) == ["tone=light", "margin"]


def test_measurement() -> None:
    found = np.degrees(np.arctan2(4, 40))  # of a heel 4 px beside the line, 40 px below the ankle
    passed, reason, numbers = gates.measurement(contest(side(KEYPOINTS, legs(4)), max_measure_error=6))
    assert passed and numbers == {"median": pytest.approx(found), "limit": 6}
    assert reason.startswith("rear-foot angle: median error 5.71°, at most 6; median of the absolute error over all")
    assert not gates.measurement(contest(side(KEYPOINTS, legs(4)), max_measure_error=5))[0]
    assert gates.measurement(contest(side(KEYPOINTS, legs(4))))[0]
    unlabelled = side(KEYPOINTS, legs(4, np.zeros(COUNT, bool)))
    assert not gates.measurement(contest(unlabelled, max_measure_error=6))[0]


@pytest.mark.parametrize(
    ("errors", "warnings", "settings", "passed"),
    [
        (0, 900, {}, True),
        (1, 0, {}, False),
        (0, 3, {"max_warnings": 3}, True),
        (0, 4, {"max_warnings": 3}, False),
        (0, 1, {"max_warnings": 0}, False),
    ],
)
def test_validation(tmp_path: Path, errors: int, warnings: int, settings: dict[str, int], passed: bool) -> None:
    write_json(tmp_path / "result.json", {"errors": errors, "warnings": warnings})
    made = Contest(params(**settings), side(KEYPOINTS, legs(0)), None, tmp_path / "result.json")
    assert gates.validation(made)[0] == passed


def test_parity_is_what_packaging_measured() -> None:
    assert gates.parity(contest(side(KEYPOINTS, legs(1), parity_px=0.004)))[0]
    passed, reason, numbers = gates.parity(contest(side(KEYPOINTS, legs(1), parity_px=0.02)))
    assert not passed and numbers["px"] == 0.02
    assert reason.startswith("ONNX and torch differ by 0.020 px, at most 0.01")
    assert not gates.parity(contest(side(KEYPOINTS, legs(1), parity_px=None)))[0]


def test_parity_accepts_what_packaging_accepted_of_integers() -> None:
    allowed = Quantised(arithmetic="int8", images=64, changes={}, allowed={KEYPOINTS.metric: 0.6})
    off = side(KEYPOINTS, legs(1), run=legs(2), quantised=allowed)
    assert gates.parity(contest(off))[0]
    too_far = side(KEYPOINTS, legs(1), run=legs(5), quantised=allowed)
    assert not gates.parity(contest(too_far))[0]
    assert not gates.parity(contest(side(KEYPOINTS, legs(1), run=legs(2))))[0]


def test_parity_fails_where_the_package_scores_other_than_the_network(
    head: tuple[ErrorMetric, Callable[[int], Cases]],
) -> None:
    metric, cases = head
    passed, _, numbers = gates.parity(contest(side(metric, cases(4), run=cases(4))))
    assert passed and numbers["score_difference"] == 0
    assert not gates.parity(contest(side(metric, cases(4), run=cases(8))))[0]


def test_latency() -> None:
    assert gates.latency(contest(side(KEYPOINTS, legs(0), ms=5), max_latency_ms=6))[0]
    assert not gates.latency(contest(side(KEYPOINTS, legs(0), ms=5), max_latency_ms=4))[0]


def test_not_rolled_back() -> None:
    made = contest(side(KEYPOINTS, legs(0)))
    assert gates.not_rolled_back(made)[0]
    back = Contest(made.params, made.challenger, None, Path(), rolled_back="2026-11-21T10:53:46Z")
    assert not gates.not_rolled_back(back)[0]


def shown(**counts: int) -> Disturbed:
    settings = DisturbedSettings(images=8, limit=3)
    return Disturbed(package="", test_split="", settings=settings, kinds={"dark": Tally(pictures=100, **counts)})


@pytest.mark.parametrize(
    ("result", "passed", "reason"),
    [
        (shown(measured=50, off=9, uncovered=1), True, "1 of 50 measured disturbed pictures (2.00 %) are off by more"),
        (shown(measured=50, off=2, uncovered=2), False, "most of them (2): dark"),
        (shown(measured=0), False, "none of 100 disturbed pictures was measured, so nothing is known"),
        (None, False, "the package was not shown disturbed pictures"),
    ],
)
def test_disturbed_pictures_are_hardly_ever_wrong_without_saying_so(
    result: Disturbed | None, passed: bool, reason: str
) -> None:
    judged = contest(replace(side(KEYPOINTS, legs(0)), disturbed=result))
    assert gates.disturbed(judged)[0], "nothing is gated where params show no disturbed pictures"
    package = judged.params.package.model_copy(update={"disturbed": DisturbedSettings(images=8, limit=3)})
    verdict = gates.disturbed(replace(judged, params=judged.params.model_copy(update={"package": package})))
    assert verdict[0] is passed
    assert reason in verdict[1]
