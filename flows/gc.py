"""What takes how much space in a checkout, and what may go: nothing that a champion or an open candidate needs."""

import json
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import yaml

from flows.backup import iterate, object_folders
from flows.versioning import git
from heelstrike.errors import UserError
from heelstrike.registry.client import connect
from heelstrike.registry.versions import CHALLENGER, CHAMPION, Version, is_model_name
from heelstrike.stores import cache_folder
from pipeline.dvc_lock import locked_stages
from pipeline.layout import STAGES
from pipeline.params import load_params
from pipeline.registry.approval_state import awaits
from pipeline.registry.history import champions, events
from pipeline.registry.promote import stored_decision
from pipeline.registry.store import open_registry
from pipeline.tracking.tags import COMMIT_TAG, STARTED_FROM_TAG
from pipeline.train.settings import ModelStart

_UNFINISHED_WORK = (*STAGES, "reproduce", "withdrawn")


@dataclass(frozen=True)
class Item:
    """Something in a store that takes space.

    Attributes:
        kind: What it is, for a person.
        path: File or folder.
        size: Bytes.
        why: Why it may go, or is needed.
        may_go: True if the policy lets it go.
    """

    kind: str
    path: Path
    size: int
    why: str
    may_go: bool


def survey(root: Path, newest: int) -> list[Item]:
    """Return everything that takes space in the stores of a checkout on this machine.

    Needed are: the champions and whatever was champion before (a rollback goes back to them), the versions that other
    trainings started from, candidates that are not decided yet, the newest versions, what the
    branches and tags of git name, and all raw data.

    Args:
        root: The repository root.
        newest: How many of the newest versions of each problem are kept in any case.

    Raises:
        UserError: The registry does not answer; without it nobody can tell what is needed.
    """
    root = root.resolve()
    problems = list(load_params(root / "params.yaml"))
    needed = {problem: needed_versions(root, problem, newest) for problem in problems}
    items = [*_objects(root, problems, needed), *_packages(root, needed), *_work(root, problems)]
    for problem in problems:
        items += _artifacts(root, problem, needed[problem])
    return items


def needed_versions(root: Path, problem: str, newest: int) -> dict[int, str]:
    """Return why each version of a problem that must stay is needed, by its number."""
    with open_registry(root, problem) as registry:
        versions, aliases = registry.versions(), registry.aliases()
        every = [
            v
            for model in registry.reader.models()
            if is_model_name(model.name)
            for v in registry.reader.versions(model.name)
        ]
        runs = {version.run_id for version in every if version.run_id}
        described = [registry.client.get_run(run).data.tags.get(STARTED_FROM_TAG, "") for run in runs]
    started_from = {text.partition(":")[0] for text in described}  # `hand/4: 120 of 130 tensors, ...`
    pins = [section.train.init_from for section in load_params(root / "params.yaml").values()]
    started_from |= {pin.reference for pin in pins if isinstance(pin, ModelStart)}
    reasons = {version.number: f"one of the newest {newest} versions" for version in versions[-newest:]}
    reasons |= {v.number: "another training started from it" for v in versions if v.reference in started_from}
    reasons |= {v.number: "waits for approval" for v in versions if _waits(v, aliases.get(CHAMPION))}
    decided = {event.version for event in events(versions)}
    reasons |= {v.number: "not decided yet" for v in versions if v.number not in decided}
    reasons |= dict.fromkeys(champions(events(versions)), "was champion; a rollback may go back to it")
    reasons |= {number: f"has the alias {alias}" for alias, number in aliases.items()}
    for alias, reason in ((CHALLENGER, "the newest candidate"), (CHAMPION, "the champion")):
        if alias in aliases:
            reasons[aliases[alias]] = reason
    return reasons


def _waits(version: Version, champion: int | None) -> bool:
    decision = stored_decision(version)
    return decision is not None and awaits(version, decision, champion)


def _objects(root: Path, problems: list[str], needed: dict[str, dict[int, str]]) -> Iterator[Item]:
    """Yield DVC's objects in the cache and in remotes that are folders.

    Those outside the checkout may hold what only other clones know of, so nothing goes there.
    """
    commits, named = {*git(root, "for-each-ref", "--format=%(objectname)").split(), "HEAD"}, set[str]()
    for problem in problems:
        with open_registry(root, problem) as registry:
            for version in registry.versions():
                if version.number not in needed[problem] or not version.run_id:
                    continue
                tags = registry.client.get_run(version.run_id).data.tags
                commits.add(tags.get(COMMIT_TAG, "HEAD"))
                named |= {value for key, value in tags.items() if key.startswith("dvc.")}
    places = object_folders(root)
    digests = referenced(root, commits, named, places)
    for place in places:
        kind = "DVC's cache" if place == places[0] else "DVC's remote"
        for path in iterate(place):
            named_here = path.relative_to(place).as_posix().replace("/", "") in digests
            why = "a branch, a tag or a needed version names it" if named_here else "no needed commit names it"
            if not named_here and not place.is_relative_to(root):
                why = "no needed commit names it, but it is outside the checkout: other clones may need it"
            may_go = not named_here and place.is_relative_to(root)
            yield Item(kind, path, path.stat().st_size, why, may_go)


def referenced(root: Path, commits: Iterable[str], named: set[str], places: list[Path]) -> set[str]:
    """Return the MD5 of every object that must stay, members of folders included.

    Args:
        root: The repository root.
        commits: Commits whose dvc.lock names objects, in addition to the working tree. Raw data of every commit stays.
        named: Objects that are needed without a commit.
        places: Folders of objects, in which the lists of the members of folders are looked up.
    """
    names = set(named)
    for commit in commits:
        with suppress(UserError, KeyError, TypeError, yaml.YAMLError):  # a commit without a lock names nothing
            names |= _outputs(yaml.safe_load(git(root, "show", f"{commit}:dvc.lock"))["stages"])
    names |= _outputs(locked_stages(root))
    for line in git(root, "log", "--all", "-p", "--format=", "--", "data/raw/*.dvc").splitlines():
        if line.startswith("+") and "md5: " in line:
            names.add(line.partition("md5: ")[2].strip())
    for pointer in (root / "data" / "raw").rglob("*.dvc"):  # an interrupted ingest has not committed it yet
        with suppress(OSError, KeyError, TypeError, yaml.YAMLError):
            names |= {str(out["md5"]) for out in yaml.safe_load(pointer.read_text())["outs"]}
    for folder in [name for name in names if name.endswith(".dir")]:
        for place in places:
            with suppress(OSError, ValueError, KeyError):
                names |= {entry["md5"] for entry in json.loads((place / folder[:2] / folder[2:]).read_text())}
                break
    return names


def _outputs(stages: dict[str, dict]) -> set[str]:
    return {str(out.get("md5")) for entry in stages.values() for out in entry.get("outs", [])}


def _artifacts(root: Path, problem: str, needed: dict[int, str]) -> Iterator[Item]:
    """Yield the files of the models of registered versions, where they are in a folder of this machine."""
    with open_registry(root, problem) as registry:
        for version in registry.versions():
            address = registry.client.get_model_version_download_uri(problem, str(version.number))
            folder = Path(url2pathname(urlsplit(address).path))
            if urlsplit(address).scheme not in ("", "file") or not folder.is_dir():
                continue
            why = needed.get(version.number, "a candidate that was refused, and is none of the newest")
            yield Item(f"version {version.reference}", folder, size_of(folder), why, version.number not in needed)


def _packages(root: Path, needed: dict[str, dict[int, str]]) -> Iterator[Item]:
    """Yield the packages that were pulled to this machine; they can be pulled again."""
    client = connect(root)
    versions: list[Version] = [v for m in client.models() if is_model_name(m.name) for v in client.versions(m.name)]
    kept = {version.package for version in versions if version.number in needed.get(version.problem, {})}
    known = {version.package for version in versions}
    packages = cache_folder() / "packages"
    for folder in sorted(packages.iterdir()) if packages.is_dir() else []:
        if folder.name in known:  # others may be of another registry
            why = "of a needed version" if folder.name in kept else "of a version that is not needed; it can be pulled"
            yield Item("pulled package", folder, size_of(folder), why, folder.name not in kept)


def _work(root: Path, problems: list[str]) -> Iterator[Item]:
    """Yield the unfinished and reusable work of stages; what changed within a day may be in use."""
    for problem in problems:
        for folder in (root / ".work" / problem / name for name in _UNFINISHED_WORK):
            if not folder.is_dir():
                continue
            newest = max((path.stat().st_mtime for path in folder.rglob("*")), default=0.0)
            fresh = time.time() - newest < 86400
            lost = folder.name == "withdrawn"
            why = (
                "files of an interrupted ingest that are nowhere else" if lost else "work that is done again if needed"
            )
            why = "changed within a day" if fresh and not lost else why
            yield Item(f"work of {problem}", folder, size_of(folder), why, not fresh and not lost)


def size_of(path: Path) -> int:
    """Return the size of a file or of all files below a folder, bytes."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def remove(items: Iterable[Item]) -> int:
    """Remove all items that may go, and return the bytes that this has freed."""
    freed = 0
    for item in (item for item in items if item.may_go):
        if item.path.is_dir():
            shutil.rmtree(item.path)
        else:
            item.path.unlink(missing_ok=True)
        freed += item.size
    return freed
