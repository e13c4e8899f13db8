"""What went into a version: people and videos, settings, commit, packages, as its run has recorded them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import yaml

from heelstrike.registry.versions import Version
from pipeline.environment import pinned
from pipeline.registry.store import Registry
from pipeline.tracking.evidence import ENVIRONMENT, LOCK, SOURCES, Source, read_sources
from pipeline.tracking.tags import COMMIT_TAG, GIT_TAG

if TYPE_CHECKING:
    from mlflow.entities import Run as MlflowRun


@dataclass(frozen=True)
class Inputs:
    """The inputs of one version. Versions of older retrains lack parts of it, which are empty then.

    Attributes:
        registry: The registry that has the version.
        version: The version.
    """

    registry: Registry
    version: Version

    @cached_property
    def run(self) -> "MlflowRun | None":
        """The run that made the version; `None` if it was deleted."""
        from mlflow.exceptions import MlflowException

        try:
            return self.registry.client.get_run(self.version.run_id) if self.version.run_id else None
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the run."""
        return {} if self.run is None else dict(self.run.data.tags)

    @property
    def commit(self) -> str:
        """The git commit; empty if it is not known."""
        return self.tags.get(COMMIT_TAG, "")

    @property
    def described_commit(self) -> str:
        """First digits of the commit, and whether the working tree had other changes."""
        return self.tags.get(GIT_TAG, "unknown")

    @cached_property
    def sources(self) -> list[Source]:
        """People and videos of each split."""
        return read_sources(self._text(SOURCES))

    @cached_property
    def packages(self) -> dict[str, str]:
        """Version of each package that was installed."""
        return pinned(self._text(ENVIRONMENT))

    @cached_property
    def params(self) -> dict[str, Any]:
        """Sections of params.yaml by name, such as `rearfoot.train`, with which the stages ran."""
        lock: dict[str, Any] = yaml.safe_load(self._text(LOCK)) or {}
        entries = (entry.get("params", {}).get("params.yaml", {}) for entry in lock.values())
        return {name: value for entry in entries for name, value in entry.items()}

    def _text(self, path: str) -> str:
        """Return an artifact of the run; empty if there is none."""
        if self.run is None:
            return ""
        client, run_id = self.registry.client, self.run.info.run_id
        if path not in {file.path for file in client.list_artifacts(run_id, path.rpartition("/")[0])}:
            return ""
        with TemporaryDirectory() as aside:
            return Path(client.download_artifacts(run_id, path, aside)).read_text()
