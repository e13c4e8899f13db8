from pathlib import Path

import numpy as np
import pytest

import heelstrike
from heelstrike.measure.radii import Radii
from heelstrike.model import Model
from heelstrike.video.writer import write_video
from tests.packages import make_package

RADII = Radii(level=0.9, subjects=20, difficulty=((0.0, 8.0), (1.0, 1.0)), factors=(1.0,) * 6)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Model]:
    """A model, and one that calls markers missing in pictures of a brightness below 57."""
    folder = tmp_path_factory.mktemp("packages")
    make_package(folder / "first", radii=RADII)
    make_package(folder / "second", radii=RADII, confidence=0.9)
    first, second = (heelstrike.load(package=folder / name, threads=1) for name in ("first", "second"))
    return first, second


@pytest.fixture(scope="session")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve frames of 160x120; in 5 and 6 no marker is found, in 9 only by the first model."""
    path = tmp_path_factory.mktemp("monitor-videos") / "anna-smith.mp4"
    rng, shades = np.random.default_rng(1), {5: 0, 6: 0, 9: 45}
    frames = (np.clip(rng.normal(shades.get(n, 150), 3, (120, 160, 3)), 0, 255).astype(np.uint8) for n in range(12))
    write_video(path, frames, 25)
    return path
