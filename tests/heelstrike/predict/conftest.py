import numpy as np
import pytest

from heelstrike.package.runtime import Package
from heelstrike.predict.results import ModelReference
from heelstrike.video.writer import write_video
from tests.packages import make_package

MODEL = ModelReference("rearfoot@champion", "3")


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    make_package(folder)
    return Package.load(folder, threads=1)


@pytest.fixture(scope="session")
def walk(tmp_path_factory):
    """Twelve frames at 25 a second, 160x120: bright, but frames 5 and 6 are black, so no marker is found on them."""
    path = tmp_path_factory.mktemp("videos") / "walk.mp4"
    rng = np.random.default_rng(1)
    shades = [0 if n in (5, 6) else 150 for n in range(12)]
    write_video(path, (np.clip(rng.normal(s, 3, (120, 160, 3)), 0, 255).astype(np.uint8) for s in shades), 25)
    return path
