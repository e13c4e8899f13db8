"""The files of an input folder that differ from those which a stage has read."""

from pathlib import Path
from typing import Any

from pipeline.changes.versions import Repository
from pipeline.dependencies.integrity import recorded_files


def changed_files(root: Path, repository: Repository, dep: Any, path: str, recorded: str) -> list[str]:
    """Return `changed NAME`, `new NAME` and `removed NAME` of the files that differ.

    Args:
        root: The repository root.
        repository: Its commits.
        dep: DVC's dependency; DVC hashes only files that were written since it last hashed them.
        path: The dependency's path, relative to the root.
        recorded: Its MD5 in dvc.lock.

    Returns:
        The files in the order of names; empty if nothing tells which files there were.
    """
    before = recorded_files(root, path, recorded) or _committed(root, repository, path)
    after = _present(dep, path)
    if not before:
        return []
    words = {True: "changed", False: "removed"}
    return [
        f"{words[name in after] if name in before else 'new'} {name.removeprefix(f'{path}/')}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def _present(dep: Any, path: str) -> dict[str, str]:
    """Return the MD5 of each file that is there now."""
    from dvc_data.hashfile.build import build
    from dvc_data.hashfile.tree import Tree

    if not dep.exists:
        return {}
    _, _, built = build(dep.repo.cache.local, dep.fs_path, dep.fs, "md5", ignore=dep.dvcignore, dry_run=True)
    if not isinstance(built, Tree):
        return {path: str(built.hash_info.value)}
    return {"/".join((path, *key)): str(info.value) for key, _, info in built}


def _committed(root: Path, repository: Repository, path: str) -> dict[str, str]:
    """Return the files of the batches below a folder, at the newest commit in which a stage has recorded its inputs.

    DVC keeps no list of the files of a folder that is not an output; the pointers of its batches are in git.
    """
    import yaml

    files: dict[str, str] = {}
    for commit in repository.commits_of("dvc.lock")[:1]:
        for name, content in repository.contents(commit, path).items():
            files[name] = repository.files(commit, name)[name]
            for out in yaml.safe_load(content).get("outs", []) if name.endswith(".dvc") else ():
                folder = f"{Path(name).parent.as_posix()}/{out['path']}"
                files |= recorded_files(root, folder, str(out["md5"]))
    return files
