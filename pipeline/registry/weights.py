"""Weights of a registered version that another training starts from: pinned by digest, fetched and verified."""

import shutil
import tempfile
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.files import file_digest, write_aside
from heelstrike.registry.client import find_version
from heelstrike.registry.versions import Reference, Version
from pipeline.layout import Layout, file_of_start
from pipeline.params import ProblemParams
from pipeline.registry.store import Registry, open_registry
from pipeline.tracking.tags import WEIGHTS_TAG
from pipeline.train.settings import ModelStart

_FILE = "training/weights.safetensors"  # where pipeline.tracking.model logs it


def pin(root: Path, reference: str) -> ModelStart:
    """Resolve a reference to a version, fetch its weights, and return `train.init_from` for them.

    Args:
        root: The repository root.
        reference: `hand@champion`, `hand` (the same) or `hand/4`.

    Raises:
        UserError: There is no such version, it has no weights, or they were changed.
    """
    wanted = Reference.parse(reference)
    with open_registry(root, wanted.name, create=False) as registry:
        version = find_version(registry.reader, wanted)
        digest = version.tags.get(WEIGHTS_TAG)
        if digest is None:
            raise UserError(
                f"{version.reference} was registered without the weights that a training can start from; "
                f"`heelstrike retrain {wanted.name}` with anything changed registers a version with them"
            )
        start = ModelStart(name="model", model=wanted.name, version=version.number, weights=digest)
        _fetch(registry, version, start, root)
    return start


def supply(params: ProblemParams, layout: Layout) -> str | None:
    """Fetch the weights that `train.init_from` pins, if they are missing.

    Returns:
        The reference of the fetched version; `None` if nothing was missing.

    Raises:
        UserError: The weights cannot be fetched, or are not the pinned ones.
    """
    start = params.train.init_from
    if not isinstance(start, ModelStart) or start.version is None or _is_fetched(start, layout.root):
        return None
    with open_registry(layout.root, start.model, create=False) as registry:
        _fetch(registry, registry.version(start.version), start, layout.root)
    return start.reference


def _is_fetched(start: ModelStart, root: Path) -> bool:
    path = file_of_start(root, start.weights)
    return path.is_file() and file_digest(path) == start.weights


def _fetch(registry: Registry, version: Version, start: ModelStart, root: Path) -> None:
    if _is_fetched(start, root):
        return
    registered = version.tags.get(WEIGHTS_TAG)
    if registered != start.weights:
        raise UserError(
            f"train.init_from pins the weights {start.weights[:12]} of {version.reference}, but the registry holds "
            f"{registered[:12] if registered else 'none'} for it; pin it again: "
            f"heelstrike init-from PROBLEM {version.reference}"
        )
    with tempfile.TemporaryDirectory() as folder:
        fetched = registry.reader.download(version, _FILE, Path(folder))
        if (digest := file_digest(fetched)) != start.weights:
            raise UserError(
                f"{version.reference}: its weights in the registry have the SHA-256 {digest[:12]}, but "
                f"{start.weights[:12]} were registered; they were changed. Do not use them"
            )
        with write_aside(file_of_start(root, start.weights)) as aside:
            shutil.copyfile(fetched, aside)
