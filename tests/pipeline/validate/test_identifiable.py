"""Left and right are identifiable where a cue orders them, and reported where they were labelled at random."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.problem import Problem
from pipeline.validate.expectations import EXPECTATIONS
from tests.pipeline.validate.tables import find, places, still_labels, swap_row

Walk = Callable[..., pd.DataFrame]


def test_left_and_right_at_random_are_not_identifiable(walk: Walk, problem: Problem) -> None:
    table = walk(subjects=5, frames=40)
    for row in np.random.default_rng(1).permutation(200)[:100]:
        swap_row(table, row, problem.flip_pairs)
    findings = find("keypoints_identifiable", table, problem)
    assert places(findings) == [(None, f"{a}, {b}") for a, b in problem.flip_pairs]


def test_one_pair_at_random_is_the_one_reported(walk: Walk, problem: Problem) -> None:
    table = walk(subjects=5, frames=40)
    for row in np.random.default_rng(1).permutation(200)[:100]:
        swap_row(table, row, problem.flip_pairs[2:])
    assert places(find("keypoints_identifiable", table, problem)) == [(None, "left_heel, right_heel")]


def test_a_body_that_turns_is_identifiable_by_its_midline(problem: Problem) -> None:
    random = np.random.default_rng(2)
    angle = random.uniform(0, 2 * np.pi, 200)
    spin = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], axis=1).reshape(-1, 2, 2)
    body = np.array([[0, -50], [0, 50], [-20, 0], [20, 0]])
    names = ("nose", "tail", "left", "right")
    animal = Problem(keypoints=names, flip_pairs=(("left", "right"),))
    xy = 200 + np.einsum("nij,kj->nki", spin, body)
    assert not EXPECTATIONS["keypoints_identifiable"]().find(still_labels(animal, xy)).items
    without = Problem(keypoints=names[2:], flip_pairs=(("left", "right"),))
    assert len(EXPECTATIONS["keypoints_identifiable"]().find(still_labels(without, xy[:, 2:])).items) == 1


def test_stick_figures_hands_are_reported(datasets: Path) -> None:
    labels = json.loads(next((datasets / "ee641-keypoints").rglob("train*.json")).read_text())
    names = tuple(labels["keypoint_names"])
    problem = Problem(keypoints=names, flip_pairs=(("left_hand", "right_hand"), ("left_foot", "right_foot")))
    xy = np.array([image["keypoints"] for image in labels["images"]], dtype=float)
    findings = EXPECTATIONS["keypoints_identifiable"]().find(still_labels(problem, xy, (128, 128)))
    assert [item.keypoint for item in findings.items] == ["left_hand, right_hand"]
