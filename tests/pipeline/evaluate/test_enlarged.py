"""Radii grow where the input enlarges the picture, as far as the network's errors do."""

from types import SimpleNamespace

import numpy as np
import pytest

from heelstrike.measure.radii import Radii
from pipeline.evaluate import enlarged


def test_coarse_images_keep_their_size_and_lose_what_is_small() -> None:
    image = np.zeros((1, 64, 64, 3), np.uint8)
    image[0, 20, 20] = 255
    image[0, 40:56, 40:56] = 200
    result = enlarged.coarse(image, 4)
    assert result.shape == image.shape
    assert result[0, 20, 20].max() < 32
    assert result[0, 48, 48].min() > 190
    rows, columns = np.nonzero(result[0, 30:, 30:, 0] > 100)
    assert (rows.mean() + 30, columns.mean() + 30) == pytest.approx((47.5, 47.5), abs=0.6)


def test_growth_is_the_quantile_of_the_errors_in_radii_and_never_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    subjects = np.repeat(np.arange(20), 3)
    truth = SimpleNamespace(keypoints=np.zeros((60, 2, 2)), labelled=np.ones((60, 2), bool), subjects=subjects)
    radii = Radii(level=0.9, subjects=20, difficulty=((1.0, 1.0),), factors=(1.0, 1.0))
    errors = iter([0.5, 3.0, 2.0, 6.0])

    def predicted(network: object, images: np.ndarray) -> dict[str, np.ndarray]:
        points = np.zeros((len(images), 2, 2))
        points[..., 0] = next(errors)
        return {"keypoints": points, "confidence": np.ones((len(images), 2))}

    monkeypatch.setattr(enlarged, "predict_arrays", predicted)
    grown = enlarged.with_growth(radii, None, truth, np.zeros((60, 32, 32, 3), np.uint8))  # type: ignore[arg-type]
    assert grown.enlarged == ((1.5, 1.0), (2.0, 3.0), (3.0, 3.0), (4.0, 6.0))
    assert grown.largest_scale == 4
    assert grown.of(np.ones((1, 2)), np.array([2.0])).tolist() == [[1.5, 1.5]]
    assert grown.of(np.ones(2), 8.0).tolist() == [np.inf, np.inf]
