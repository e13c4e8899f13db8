from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from heelstrike.serve.app import create_app
from heelstrike.serve.settings import Limits, ServeSettings
from tests.packages import make_package
from tests.videos import write_video

LIMITS = Limits(upload_bytes=1 << 20, files=5, frames=100)


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package") / "rearfoot"
    make_package(folder)
    return folder


@pytest.fixture(scope="session")
def walk(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A video of ten frames."""
    return write_video(tmp_path_factory.mktemp("video") / "walk.mp4", frames=10).read_bytes()


@pytest.fixture
def settings(tmp_path: Path, package: Path) -> ServeSettings:
    return ServeSettings(data=tmp_path / "data", package=package, limits=LIMITS)


@pytest.fixture
def client(settings: ServeSettings) -> Iterator[TestClient]:
    """A service in this process, for one user."""
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        yield client
