"""The batches of a problem: folders `data/raw/PROBLEM/NNNN-DIGEST`; DVC holds their bytes, git their pointers."""

import hashlib
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from flows.versioning import dvc, git
from heelstrike.errors import UserError
from heelstrike.files import json_digest
from pipeline.collect.batches import is_batch_name
from pipeline.layout import Layout


@dataclass(frozen=True)
class Batch:
    """A batch whose pointer is committed on this branch.

    Attributes:
        name: Name of its folder.
        files: MD5 of each of its files by path, as DVC has versioned them; empty if DVC's cache has no list of them,
            as in a clone that has not pulled the batch.
        pushed: True if the DVC remote has it, which its tag in git says.
    """

    name: str
    files: dict[str, str]
    pushed: bool


def content_hash(path: Path) -> str:
    """Return the MD5 of a file's bytes in hex, by which DVC stores it."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def batch_tag(layout: Layout, name: str) -> str:
    """Return the git tag of a batch that the DVC remote has."""
    return f"data/{layout.problem}/{name}"


def versioned_batches(layout: Layout) -> list[Batch]:
    """Return the batches on this branch, the oldest first."""
    folder = layout.raw.relative_to(layout.root).as_posix()
    try:
        committed = git(layout.root, "ls-tree", "-z", "--name-only", "HEAD", f"{folder}/").split("\0")
    except UserError:  # nothing is committed yet
        return []
    names = [Path(path).stem for path in committed if path.endswith(".dvc") and (layout.root / path).is_file()]
    names = sorted(filter(is_batch_name, names), key=_number)
    if not names:
        return []
    tags = set(git(layout.root, "tag", "--list", f"data/{layout.problem}/*").split("\n"))
    listings = _listings([layout.raw / f"{name}.dvc" for name in names], layout.root)
    return [Batch(name, files, batch_tag(layout, name) in tags) for name, files in zip(names, listings, strict=True)]


def require_files(layout: Layout) -> None:
    """Check that the batches' files are in the checkout: without them a retrain would learn from the others alone.

    Raises:
        UserError: The folder of a versioned batch is missing, as in a clone that has not pulled it.
    """
    folders = [pointer.with_suffix("") for pointer in sorted(layout.raw.glob("*.dvc"))]
    missing = [folder for folder in folders if is_batch_name(folder.name) and not folder.is_dir()]
    if missing:
        pointers = " ".join(f"{folder.relative_to(layout.root).as_posix()}.dvc" for folder in missing[:3])
        more = f" (and {len(missing) - 3} more)" if len(missing) > 3 else ""
        raise UserError(
            f"{missing[0]}: the files of this batch are not in the checkout; `dvc pull {pointers}` fetches them{more}"
        )


def versioned_files(layout: Layout, name: str) -> dict[str, str]:
    """Return the MD5 of each file of a batch by path, from the version that its pointer names."""
    return _listings([layout.raw / f"{name}.dvc"], layout.root)[0]


def _listings(pointers: list[Path], root: Path) -> list[dict[str, str]]:
    from dvc.dvcfile import load_file
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    listings = []
    with Repo(str(root)) as repo:
        for pointer in pointers:
            try:
                tree = load_file(repo, str(pointer)).stage.outs[0].get_obj()
            except DvcException as error:
                raise UserError(f"{pointer}: {error}; `git checkout {pointer.name}` restores it") from error
            listings.append({"/".join(key): entry.value for key, _, entry in tree} if tree is not None else {})
    return listings


def folder_for(layout: Layout, digest: str, batches: list[Batch]) -> Path:
    """Return the folder of the batch with this digest if it is the newest or is not pushed yet, else a new one.

    The same files again can be meant: labels that were corrected are put back. They become a batch of their own then,
    since the newest labels count.
    """
    layout.raw.mkdir(parents=True, exist_ok=True)
    for batch in reversed(batches):
        if batch.name.endswith(f"-{digest}") and (batch is batches[-1] or not batch.pushed):
            return layout.raw / batch.name
    names = [path.name.removesuffix(".dvc") for path in layout.raw.glob("[0-9]*-*")]
    last = max((_number(name) for name in names if is_batch_name(name)), default=0)
    return layout.raw / f"{last + 1:04d}-{digest}"


def _number(name: str) -> int:
    return int(name.split("-")[0])


def batch_digest(digests: dict[str, str]) -> str:
    """Return the digest in a batch's name, from the MD5 of each of its files by path."""
    return json_digest(digests)[:10]


def half_made(layout: Layout, batches: list[Batch]) -> list[str]:
    """Return folders of batches that no version holds, since their ingest was killed.

    A folder whose tag exists is none of them: another branch has its pointer. Neither is one whose name is not the
    digest of its content: somebody else has made it.
    """
    names = {path.name.removesuffix(".dvc") for path in layout.raw.glob("[0-9]*-*")}
    names -= {batch.name for batch in batches}
    tags = set(git(layout.root, "tag", "--list", f"data/{layout.problem}/*").split("\n"))
    unknown = [name for name in names if is_batch_name(name) and batch_tag(layout, name) not in tags]
    return sorted(name for name in unknown if name.endswith(f"-{batch_digest(_content(layout.raw / name))}"))


def _content(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): content_hash(path) for path in files}


def withdraw(layout: Layout, name: str, safe: Collection[str]) -> Path | None:
    """Take a half-made batch out of data/raw.

    Args:
        layout: The problem's paths.
        name: Name of the batch's folder.
        safe: MD5 of all content that is elsewhere: in the inbox or in another batch.

    Returns:
        The folder below `.work` that now holds the files whose content is nowhere else, or `None` if there are none.
    """
    folder, pointer = layout.raw / name, layout.raw / f"{name}.dvc"
    if pointer.exists():
        relative = str(pointer.relative_to(layout.root))
        git(layout.root, "rm", "--cached", "--quiet", "--ignore-unmatch", "--force", "--", relative)
        dvc(layout.root, "remove", relative)
    if not folder.is_dir():
        return None
    kept = layout.root / ".work" / layout.problem / "withdrawn" / name
    for path, digest in _content(folder).items():
        if digest not in safe:
            (kept / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(folder / path, kept / path)
    shutil.rmtree(folder)
    return kept if kept.is_dir() else None
