"""What a trial's score depends on besides its settings: code, packages and data, each as a digest."""

import functools
import importlib.metadata
from pathlib import Path
from typing import Self

import heelstrike
import pipeline
from heelstrike.files import file_digest, json_digest
from heelstrike.settings import Strict
from pipeline.splits import TRAINED_ON

_PACKAGES = (
    "torch", "torchvision", "lightning", "numpy", "albumentations", "opencv-python-headless", "timm",
    "segmentation-models-pytorch", "safetensors",
)  # fmt: skip


class Identity(Strict):
    """Digests of what a trial's score depends on.

    Attributes:
        code: Digest of the Python files of `heelstrike` and `pipeline`.
        packages: Digest of the versions of the packages that train.
        data: Digest of the prepared arrays.
    """

    code: str
    packages: str
    data: str

    @classmethod
    def here(cls, prepared: Path) -> Self:
        """Return the digests in this process, with the arrays in this folder."""
        return cls(code=_code(), packages=_packages(), data=_data(prepared))

    @property
    def digest(self) -> str:
        """One digest of all three."""
        return json_digest(self.model_dump())

    def differs_from(self, other: "Identity") -> str:
        """Return in words what differs; empty if nothing does."""
        parts = [name for name in Identity.model_fields if getattr(self, name) != getattr(other, name)]
        return f"this worker has other {' and other '.join(parts)} than the search" if parts else ""


@functools.cache
def _code() -> str:
    roots = [Path(str(package.__file__)).parent for package in (heelstrike, pipeline)]
    return json_digest({f"{r.name}/{p.relative_to(r)}": file_digest(p) for r in roots for p in sorted(r.rglob("*.py"))})


@functools.cache
def _packages() -> str:
    return json_digest({name: importlib.metadata.version(name) for name in _PACKAGES})


def _data(prepared: Path) -> str:
    files = [path for split in TRAINED_ON for path in sorted((prepared / split).glob("*.npy"))]
    return json_digest([_digest(path, path.stat().st_mtime_ns, path.stat().st_size) for path in files])


@functools.lru_cache(maxsize=64)
def _digest(path: Path, changed_ns: int, size: int) -> str:
    """Return a file's digest; it is read again when it has changed."""
    return file_digest(path)
