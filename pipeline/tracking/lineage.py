"""The inputs of a retrain: the git commit and the hashes in dvc.lock."""

import subprocess
from pathlib import Path
from typing import Any

from heelstrike.errors import UserError
from heelstrike.files import json_digest
from pipeline.dvc_lock import locked_stages
from pipeline.layout import Layout
from pipeline.tracking.tags import COMMIT_TAG, GIT_TAG, NOT_REPRODUCIBLE_TAG

_TAG_LENGTH = 500  # characters; MLflow allows 5000


def problem_stages(layout: Layout) -> dict[str, Any]:
    """Return the entries of dvc.lock for this problem, by stage name.

    Raises:
        UserError: There is no dvc.lock, or it has no entry of the problem.
    """
    path = layout.root / "dvc.lock"
    if not path.is_file():
        raise UserError(f"{path}: not there; run the stages first (heelstrike retrain {layout.problem})")
    stages, suffix = locked_stages(layout.root), f"@{layout.problem}"
    entries = {name.removesuffix(suffix): entry for name, entry in stages.items() if name.endswith(suffix)}
    if not entries:
        raise UserError(f"{path}: it has no stage of {layout.problem}; run the stages first")
    return entries


def output_hashes(layout: Layout) -> dict[str, str]:
    """Return DVC's hash of every output of the problem's stages, by path."""
    stages = problem_stages(layout).values()
    return {out["path"]: str(out["md5"]) for entry in stages for out in entry.get("outs", [])}


def retrain_key(layout: Layout) -> str:
    """Return the key of a retrain: a digest of all output hashes. Two retrains with equal outputs are the same one."""
    return json_digest(output_hashes(layout))[:32]


def lineage_tags(layout: Layout) -> dict[str, str]:
    """Return tags that tie a run to its code and data.

    Returns:
        The tags of `git_tags`, and the DVC hash of the raw data and of each stage's outputs.
    """
    tags = git_tags(layout.root)
    raw = f"data/raw/{layout.problem}"
    for entry in problem_stages(layout).values():
        for dep in entry.get("deps", []):
            if dep["path"] == raw:
                tags["dvc.raw"] = str(dep["md5"])
    if missing := uncommitted_inputs(layout):
        tags[NOT_REPRODUCIBLE_TAG] = f"not in git: {', '.join(missing)}"[:_TAG_LENGTH]
    for path, digest in output_hashes(layout).items():
        tags[f"dvc.{Path(path).name.removesuffix('.json')}"] = digest
    return tags


def uncommitted_inputs(layout: Layout) -> list[str]:
    """Return the files on which the problem's stages depend that git does not hold as they are, sorted.

    Data is DVC's, whose pointers are compared instead. Without a repository, everything is uncommitted.
    """
    paths = {dep["path"] for entry in problem_stages(layout).values() for dep in entry.get("deps", [])}
    code = [path for path in paths if not path.startswith(("data/", "models/", "reports/"))]
    tracked = [*code, "params.yaml", "dvc.yaml", "dvc.lock", f"data/raw/{layout.problem}"]
    command = ["git", "-C", str(layout.root), "status", "--porcelain", "-z", "--untracked-files=all", "--", *tracked]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        return ["everything (there is no git repository)"]
    names = {entry[3:] for entry in result.stdout.split("\0") if entry[2:3] == " "}
    return sorted(name for name in names if not name.endswith(".gitkeep"))


def git_tags(root: Path) -> dict[str, str]:
    """Return tags with the git commit and a mark if the working tree had uncommitted changes."""

    def git(*arguments: str) -> str | None:
        result = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
        return result.stdout.strip() if result.returncode == 0 else None

    commit = git("rev-parse", "HEAD")
    if commit is None:
        return {GIT_TAG: "no commit: not a git repository, or nothing committed"}
    changed = git("status", "--porcelain", "--untracked-files=no")
    return {COMMIT_TAG: commit, GIT_TAG: commit[:10] + ("+changes" if changed else "")}
