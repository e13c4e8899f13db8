"""Prints of a fine mat: thin lines whose ink follows pressure, on a form."""

import numpy as np
import pytest

from pipeline.synthetic import mat
from pipeline.synthetic.footprint import draw_print
from pipeline.synthetic.settings import SyntheticSource

SIZE, LENGTH = (360, 200), 300.0
ANGLE = np.linspace(0, 2 * np.pi, 40, endpoint=False)


def ellipse(x: float, y: float, half_x: float, half_y: float) -> np.ndarray:
    return np.stack([x + half_x * np.cos(ANGLE), y + half_y * np.sin(ANGLE)], axis=1)


PARTS = [ellipse(100, 190, 50, 120), *(ellipse(60 + 20 * n, 45 + 4 * n, 8, 10) for n in range(5))]


def test_lines_are_thin_and_leave_the_paper_between_them_white() -> None:
    for seed in range(5):
        density = mat.lines(np.random.default_rng(seed), PARTS, SIZE, LENGTH)
        assert density.shape == SIZE and density.min() >= 0 and density.max() <= 1
        assert np.quantile(density, 0.2) < 0.15
        assert density.max() > 0.15


def test_a_form_is_darker_than_a_scanned_page() -> None:
    paper = np.full((*SIZE, 3), 230.0, np.float32)
    pages = [np.median(mat.form(np.random.default_rng(seed), paper, LENGTH)) for seed in range(20)]
    assert 150 < min(pages) < 190 < max(pages) <= 230
    assert (paper == 230).all()


def test_bars_mark_the_ends_and_not_the_sole() -> None:
    image = np.full((*SIZE, 3), 230.0, np.float32)
    mat.bars(np.random.default_rng(1), image, PARTS, LENGTH)
    dark = np.argwhere((image < 200).all(axis=2))
    assert len(dark)
    assert not ((dark[:, 0] > 110) & (dark[:, 0] < 290)).any()


@pytest.mark.parametrize("number", [0, 1])
def test_some_prints_are_of_a_fine_mat_and_have_the_same_landmarks(number: int) -> None:
    """They are drawn from a generator of their own, so that the shape of the foot does not depend on it."""
    settings = SyntheticSource(kind="synthetic", generator="footprint", width=260, height=400, seed=5)
    ink = []
    for person in range(12):
        made = draw_print(settings, person, number)
        inside, outside = made.image[made.sole].mean(), np.median(made.image[~made.sole])
        ink.append(outside - inside)
    assert min(ink) < 60 < 100 < max(ink), "light prints and dark ones"
