"""What the registry and the tracking store know of a version."""

import csv
import tempfile
from dataclasses import dataclass
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.package.manifest import CARD, Manifest, read_manifest
from heelstrike.registry.pull import fetch
from heelstrike.registry.versions import CHAMPION, Version
from pipeline.registry.account import Comparison, comparisons
from pipeline.registry.decision import Decision
from pipeline.registry.history import Event, events
from pipeline.registry.promote import stored_decision
from pipeline.registry.store import Registry, open_registry

_SLICES = "evaluation/slices.csv"


@dataclass(frozen=True)
class Facts:
    """Everything that the dossier shows of a version.

    Attributes:
        version: The version.
        is_champion: True if consumers pull it now.
        manifest: The manifest of its package.
        card: The package's model card, Markdown.
        decision: The last decision on it; `None` if it was not judged.
        events: Its events, oldest first.
        comparisons: The comparisons that it was the challenger of.
        slices: Rows of the evaluation's table of slices; empty if the run has none.
        params: Settings of the run that made it.
        tags: Tags of that run: the git commit, and the DVC digest of every output.
    """

    version: Version
    is_champion: bool
    manifest: Manifest
    card: str
    decision: Decision | None
    events: list[Event]
    comparisons: list[Comparison]
    slices: list[dict[str, str]]
    params: dict[str, str]
    tags: dict[str, str]


def collect_facts(root: Path, problem: str, number: int) -> Facts:
    """Read everything about a version.

    Raises:
        UserError: There is no such version, its package is damaged or gone, or the store does not answer.
    """
    with open_registry(root, problem, create=False) as registry:
        version = registry.version(number)
        folder = fetch(registry.reader, version)
        if version.run_id is None:
            raise UserError(f"{version.reference}: was not registered by a retrain, so nothing is known of its making")
        run = registry.client.get_run(version.run_id).data
        return Facts(
            version=version,
            is_champion=registry.aliases().get(CHAMPION) == number,
            manifest=read_manifest(folder),
            card=(folder / CARD).read_text(),
            decision=stored_decision(version),
            events=events([version]),
            comparisons=[entry for entry in comparisons(registry).values() if entry.challenger == number],
            slices=_slices(registry, version.run_id),
            params=dict(run.params),
            tags=dict(run.tags),
        )


def _slices(registry: Registry, run_id: str) -> list[dict[str, str]]:
    files = [file.path for file in registry.client.list_artifacts(run_id, "evaluation")]
    if _SLICES not in files:
        return []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(registry.client.download_artifacts(run_id, _SLICES, folder))
        with path.open(newline="") as stream:
            return list(csv.DictReader(stream))
