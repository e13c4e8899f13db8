"""What the camera does to a picture."""

from dataclasses import replace

import numpy as np

from pipeline.synthetic.sensor import Sensor

PLAIN = Sensor(np.ones(3), flicker=0.0, band=0.5, lens=0.3, noise=0.0, sharpening=0.0)


def developed(sensor: Sensor, image: np.ndarray) -> np.ndarray:
    grain = sensor.grain(*image.shape[:2], np.random.default_rng(0))
    return sensor.develop(image.copy(), grain, 0.0, (0, 0))


def test_a_plain_sensor_changes_nothing() -> None:
    image = np.full((40, 60, 3), 100, np.float32)
    np.testing.assert_array_equal(developed(PLAIN, image), 100)


def test_exposure_and_white_balance_are_factors() -> None:
    image = np.full((40, 60, 3), 100, np.float32)
    dark = developed(replace(PLAIN, gain=np.array([0.1, 0.2, 1.0])), image)
    np.testing.assert_array_equal(dark[0, 0], [10, 20, 100])


def test_flicker_makes_bands_along_the_rows() -> None:
    bands = developed(replace(PLAIN, flicker=0.1), np.full((80, 60, 3), 100, np.float32))
    assert np.ptp(bands[:, 30, 0]) > 15
    assert np.ptp(bands, axis=1).max() == 0


def test_sharpening_overshoots_at_an_edge() -> None:
    image = np.full((40, 60, 3), 60, np.float32)
    image[:, 30:] = 180
    sharp = developed(replace(PLAIN, sharpening=1.0), image)
    assert sharp.max() > 185 and sharp.min() < 55
