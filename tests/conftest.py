"""Fixtures that every room's tests share."""

import signal
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent

# a shell's background job ignores SIGINT, and so would the commands that tests interrupt
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def datasets() -> Path:
    """Public real data beside the checkout; it is not part of the project, so a user's clone does not have it."""
    folder = ROOT.parent / "shared" / "datasets"
    if not folder.is_dir():
        pytest.skip(f"real data not found at {folder}")
    return folder


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database with its tables made: copying it is faster than making one for every test."""
    from heelstrike.registry.database import open_mlflow

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        root = tmp_path_factory.mktemp("empty-store")
        open_mlflow(root).search_experiments()
    return root / "mlflow.db"


@pytest.fixture(scope="session")
def videos() -> ModuleType:
    """`write_video`, `picture`, `number_of` of videos.py."""
    from tests import videos

    return videos


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `-n 2`, one process runs the end-to-end tests, first since they take longest; each other file stays whole.

    Servers and trained models are made once per process, not once per test: the files whose tests run flows are one.
    The order is kept (`--no-loadscope-reorder`): by itself xdist begins with the group of the most tests.
    """
    items.sort(key=lambda item: "e2e" not in item.path.parts)
    for item in items:
        group = "e2e" if "e2e" in item.path.parts else str(item.path)
        if "prefect" in getattr(item, "fixturenames", ()):
            group = "prefect"
        item.add_marker(pytest.mark.xdist_group(group))
