"""The midsagittal structures of drawn brains: where they lie, and how much people differ."""

import numpy as np
import pytest

from pipeline.synthetic import midline
from pipeline.synthetic.head import _CAVITY, CSF, GRAY, WHITE, MriHead
from pipeline.synthetic.midline import Midline
from pipeline.synthetic.solids import union

# 30 adults (AFIDs on OASIS): mean and standard deviation from the middle between the commissures, mm
GENU, CULMEN, PONS = ((42.2, 9.4), (2.9, 2.3)), ((-40.2, 0.5), (4.4, 2.5)), ((-10.0, -15.2), (1.4, 1.3))


def at(*places: tuple[float, float]) -> np.ndarray:
    return np.array([(0, y, z) for y, z in places], float)


def test_distances_are_millimetres_and_negative_inside() -> None:
    inside, edge, outside = midline.distance("adhesion", np.array([(0, 8), (0, 14), (0, 20)], float))
    assert inside < -5 and edge == pytest.approx(0, abs=0.3) and outside == pytest.approx(6, abs=0.5)


def test_a_point_far_away_takes_the_distance_at_the_edge_of_the_raster() -> None:
    near, far = midline.distance("fourth", np.array([(-30, -300), (-30, -500)], float))
    assert near == far > 40


@pytest.mark.parametrize("landmark", [GENU, CULMEN, PONS])
def test_people_differ_at_least_as_much_as_adults_do(landmark: tuple[tuple[float, float], tuple[float, float]]) -> None:
    mean, spread = landmark
    people = [Midline.draw(np.random.default_rng(seed)) for seed in range(200)]
    shifts = np.array([person.places(at(mean))[0] - mean for person in people])
    assert (shifts.std(axis=0) > 0.9 * np.array(spread)).all() and (np.abs(shifts) < 3 * np.array(spread)).all()


def test_the_commissures_stay_where_the_labels_are() -> None:
    for seed in range(50):
        moved = Midline.draw(np.random.default_rng(seed)).places(at((13, 0), (-13, 0)))
        np.testing.assert_allclose(moved, [(13, 0), (-13, 0)], atol=1.5)


def test_structures_far_to_the_side_do_not_follow_the_midline() -> None:
    person, points = Midline.draw(np.random.default_rng(3)), np.array([(50.0, 40, 10), (-50, -40, 0)])
    np.testing.assert_allclose(person.places(points), points[:, 1:], atol=1e-5)


def test_a_head_has_its_tissues_where_anatomy_has_them() -> None:
    head = MriHead(np.random.default_rng([7, 0]))
    head._midline = Midline(np.zeros_like(head._midline.weights))  # the average's landmarks
    places = at((37, 12), (-26, 15), (-8, -30), (-28, -30))
    genu, splenium, pons, fourth = head.signal(head._unbent(places))
    assert genu == pytest.approx(WHITE, abs=0.05) and splenium == pytest.approx(WHITE, abs=0.05)
    assert pons == pytest.approx(WHITE - 0.08, abs=0.05) and fourth == pytest.approx(CSF, abs=0.05)
    vermis = head.signal(head._unbent(at((-55, -30), (-48, -12), (-45, -40))))
    assert (vermis > GRAY - 0.1).all()


def test_the_average_cavity_is_as_large_as_the_average_brain() -> None:
    # ICBM 152 at the renderer's size reaches from -91 to 81 along y, from -60 to 80 along z, and 69 to the sides
    steps = np.arange(-110, 110, 0.25)
    for axis, through, low, high in ((1, (0, 0, 2), -91, 81), (2, (0, -45, 0), -60, 76), (0, (0, -20, 0), -69, 69)):
        line = np.tile(np.array(through, float), (len(steps), 1))
        line[:, axis] = steps
        inside = steps[union(line, _CAVITY, 3.0) < 0]
        assert inside[0] == pytest.approx(low, abs=3) and inside[-1] == pytest.approx(high, abs=3)
