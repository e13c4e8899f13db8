"""The scan volume against boxes that are known: exact at any pose, noise seen as disagreement, reasons, not guesses."""

import itertools

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from heelstrike.errors import UserError
from heelstrike.measure.build import build_exam_measure, build_measure
from heelstrike.measure.exam import Exam
from heelstrike.measure.scan_volume import ScanVolume
from heelstrike.measure.settings import ScanVolumeSettings
from pipeline.params import parse_params
from tests.exams import AXIAL, LOW, NAMES, SETTINGS, STEPS, exam_of


def measure_of(**changes: object) -> ScanVolume:
    return ScanVolume(ScanVolumeSettings.model_validate(SETTINGS | changes), NAMES, 0.5)


@pytest.mark.parametrize("order", list(itertools.permutations(("axial", "coronal", "sagittal"))))
def test_perfect_landmarks_give_the_true_box_at_any_pose(order: tuple[str, ...]) -> None:
    for seed in range(20):
        exam, box = exam_of(np.random.default_rng(seed), order=order)
        found = measure_of().measure(exam)
        assert found.measured, found.message
        np.testing.assert_allclose(found.details["centre_mm"], box["centre"], atol=1e-6)
        np.testing.assert_allclose(list(found.details["axes"].values()), box["axes"], atol=1e-8)
        np.testing.assert_allclose(found.details["extents_mm"], box["extents"], atol=1e-6)
        assert found.values["disagreement"] < 1e-6
        assert found.details["commissures_mm"] == pytest.approx(26)


def test_axes_are_right_handed_unit_vectors_towards_right_front_and_head() -> None:
    exam, _ = exam_of(np.random.default_rng(1))
    axes = np.array(list(measure_of().measure(exam).details["axes"].values()))
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1)
    assert (axes.diagonal() > 0.9).all()


def test_a_mirrored_display_gives_the_same_box_whatever_the_points_are_called() -> None:
    exam, box = exam_of(np.random.default_rng(2))
    width, points, placement = 129, exam.keypoints.copy(), exam.placement.copy()
    points[..., 0] = width - 1 - points[..., 0]
    placement[:, 0] += (width - 1) * placement[:, 1]
    placement[:, 1] *= -1
    for plane in ("axial", "coronal"):  # a network names the side of the image
        left, right = NAMES.index(f"{plane}_left"), NAMES.index(f"{plane}_right")
        points[:, [left, right]] = points[:, [right, left]]
    found = measure_of().measure(Exam(points, exam.confidence, placement))
    np.testing.assert_allclose(found.details["centre_mm"], box["centre"], atol=1e-6)
    assert found.details["faces_mm"]["left"]["axial"] == pytest.approx(LOW[0])


def test_the_disagreement_estimates_the_noise_of_the_landmarks() -> None:
    rng, sigma, found = np.random.default_rng(3), 1.5, []
    for _ in range(400):
        exam, _ = exam_of(rng, tilt=5)
        noisy = Exam(exam.keypoints + rng.normal(0, sigma / 1.7, exam.keypoints.shape), exam.confidence, exam.placement)
        found.append(measure_of().values(noisy)[-1])
    # six degrees of freedom: one of the midline, one each of left, right, back, front and top; the axes' own noise adds
    # a little where two planes see a face at different places
    assert sigma <= np.sqrt(np.mean(np.square(found))) < 1.1 * sigma


def test_errors_are_distance_angle_and_length() -> None:
    measure = measure_of()
    exam, _ = exam_of(np.random.default_rng(4))
    truth = measure.values(exam)
    turned = truth.copy()
    turned[:3] += (3, 0, 4)
    turned[3:12] = (truth[3:12].reshape(3, 3) @ Rotation.from_rotvec([0, 0, np.radians(7)]).as_matrix()).ravel()
    turned[12:15] += (3, -3, 0)
    np.testing.assert_allclose(measure.errors(turned, truth), [5, 7, 2])
    np.testing.assert_allclose(measure.errors(truth, truth), 0, atol=1e-9)
    assert np.isnan(measure.errors(np.full(16, np.nan), truth)).all()


def test_three_planes_at_other_positions_make_the_same_volume_more_certain() -> None:
    rng = np.random.default_rng(5)
    exam, box = exam_of(rng)
    again = Exam(*(np.concatenate([part, part]) for part in (exam.keypoints, exam.confidence, exam.placement)))
    np.testing.assert_allclose(measure_of().measure(again).details["centre_mm"], box["centre"], atol=1e-6)


def keep(exam: Exam, *images: int) -> Exam:
    return Exam(exam.keypoints[list(images)], exam.confidence[list(images)], exam.placement[list(images)])


def test_a_missing_plane_is_a_reason() -> None:
    exam, _ = exam_of(np.random.default_rng(6))
    found = measure_of().measure(keep(exam, 0, 2, 2))
    assert found.reason == "missing_plane"
    assert found.message == "no coronal plane; found 1 axial, 2 sagittal"
    assert np.isnan(measure_of().values(keep(exam, 0, 2))).all()


def test_an_unknown_placement_is_a_reason() -> None:
    exam, _ = exam_of(np.random.default_rng(6))
    exam.placement[1] = np.nan
    found = measure_of().measure(exam)
    assert found.reason == "placement_unknown"
    assert "1 images do not say where in the patient they lie" in str(found.message)


def test_parallel_planes_are_a_reason() -> None:
    exam, _ = exam_of(np.random.default_rng(6))
    for image, degrees in ((0, 42), (1, -42)):  # the axial and the coronal plane, turned towards each other
        turn = Rotation.from_euler("x", degrees, degrees=True).as_matrix()
        steps = STEPS[("axial", "coronal")[image]]
        exam.placement[image, 1:] = [turn @ np.array(step) for step in steps]
    assert measure_of().measure(exam).reason == "parallel_planes"


@pytest.mark.parametrize("name", ["axial_front", "sagittal_ac", "sagittal_base"])
def test_a_point_that_is_needed_and_not_found_is_a_reason(name: str) -> None:
    exam, _ = exam_of(np.random.default_rng(7))
    exam.confidence[:, NAMES.index(name)] = 0.4
    gone = ["axial_front", "coronal_base"] if name == "axial_front" else [name]
    exam.confidence[:, [NAMES.index(n) for n in gone]] = 0.4
    found = measure_of().measure(exam)
    assert found.reason == "missing_point" and not found.values
    # evaluation looks at the points as they are, so that refusing cannot improve the errors
    assert np.isfinite(measure_of().values(exam)).all()


def test_a_point_that_another_plane_makes_up_for_is_a_warning() -> None:
    exam, box = exam_of(np.random.default_rng(8))
    exam.confidence[:, NAMES.index("coronal_left")] = 0
    found = measure_of().measure(exam)
    assert found.warnings == ("missing_point: not found, but done without: coronal_left",)
    np.testing.assert_allclose(found.details["centre_mm"], box["centre"], atol=1e-6)


def test_planes_that_contradict_each_other_are_a_reason() -> None:
    exam, _ = exam_of(np.random.default_rng(9))
    exam.keypoints[1] += 20  # the patient moved before the coronal plane: 34 mm down and to the left
    found = measure_of().measure(exam)
    assert found.reason == "planes_disagree"
    assert measure_of(max_disagreement_mm=100).measure(exam).measured


def test_commissures_at_a_distance_of_no_brain_are_a_reason() -> None:
    exam, _ = exam_of(np.random.default_rng(10))
    exam.keypoints[2, NAMES.index("sagittal_ac")] -= (20, 0)
    assert measure_of().measure(exam).reason == "commissures"


def test_settings_name_each_point_on_one_plane() -> None:
    with pytest.raises(ValueError, match="midline names 'vertex', which is not in"):
        measure_of(midline=["axial_front", "axial_back", "vertex"])
    with pytest.raises(ValueError, match="twice"):
        measure_of(axial=[*AXIAL, "coronal_top"])
    with pytest.raises(ValueError, match="has to be one of sagittal"):
        measure_of(anterior="axial_front")
    section = {"problem": {"keypoints": NAMES[1:]}, "collect": {"sources": [{"kind": "landmarks"}]}}
    section |= {"augment": {"flip": 0}, "model": {"name": "spatial"}, "measure": SETTINGS}
    with pytest.raises(UserError, match=r"'axial_front', which is not one of problem\.keypoints"):
        parse_params({"problems": ["p"], "p": section})


def test_the_registries_tell_images_from_exams() -> None:
    settings = ScanVolumeSettings.model_validate(SETTINGS)
    assert build_measure(settings, NAMES, 0.5) is None
    built = build_exam_measure(settings, NAMES, 0.5)
    assert built is not None and built.name == "scan_volume"
    assert len(built.quantities) == len(built.values(exam_of(np.random.default_rng(0))[0]))
