"""What `heelstrike` alone prints: where it is, and the one command that is next. Nothing is asked over the network."""

import importlib.util
import json
import os
from dataclasses import dataclass
from pathlib import Path

import heelstrike
from heelstrike.errors import UserError
from heelstrike.package.manifest import read_manifest
from heelstrike.redact import without_password
from heelstrike.serve.headline import headline_error
from heelstrike.stores import TRACKING_URI, cache_folder, tracking_uri

ALL_COMMANDS = "all commands: heelstrike --help; is everything in order: heelstrike doctor"


@dataclass(frozen=True)
class Place:
    """Where `heelstrike` was started.

    Attributes:
        rows: What is known, as names and sentences.
        next: The command to run next, or what to do before there is one.
        why: Why that is next.
    """

    rows: tuple[tuple[str, str], ...]
    next: str
    why: str

    def lines(self) -> list[str]:
        """The place as lines for the terminal."""
        width = max(len(name) for name, _ in self.rows)
        facts = [f"{name:<{width}}  {text}" for name, text in self.rows]
        return [f"heelstrike {heelstrike.__version__}", *facts, f"next: {self.next}", f"  ({self.why})", ALL_COMMANDS]


def place_outside_checkout(folder: Path, checkout: Path | None = None) -> Place:
    """Describe the place of a consumer: the configured registry and the models in the cache.

    Args:
        folder: The working folder.
        checkout: Root of the checkout that this library is part of; `None` if it is installed alone.
    """
    models = cached_models()
    rows = [("registry", registry_sentence(folder))]
    rows += [("cached", line) for line in models] or [("cached", "no model yet")]
    if checkout is not None:
        rows.append(("checkout", f"{checkout}; the commands that train run there"))
    configured = bool(os.environ.get(TRACKING_URI)) or (folder / "mlflow.db").is_file()
    return Place(tuple(rows), *_next_of_consumer(folder, configured, bool(models), checkout))


def registry_sentence(folder: Path) -> str:
    """Return where the registry is, or what is wrong with its address. It is not asked."""
    try:
        uri = tracking_uri(folder)
    except UserError as error:
        return str(error)
    if os.environ.get(TRACKING_URI):
        return f"{without_password(uri)} ({TRACKING_URI}; not asked now, `heelstrike models` asks)"
    if (folder / "mlflow.db").is_file():
        return f"{without_password(uri)} (this folder's own)"
    return f"none here: {TRACKING_URI} is not set"


def cached_models() -> list[str]:
    """Return a line for each version that a reference pointed to when the registry last answered, sorted.

    The packages are not verified, since that reads all of their bytes; whoever loads one verifies it.
    """
    lines = set()
    for file in (cache_folder() / "references").glob("*.json"):
        try:
            stored = json.loads(file.read_text())
            reference, package, time = stored["reference"], stored["package"], stored["time"]
            lines.add(": ".join(filter(None, (f"{reference} of {time[:10]}", headline_of(package)))))
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            UserError,
        ):  # of a default, or damaged
            continue
    return sorted(lines)


def headline_of(digest: str, *folders: Path) -> str:
    """Return the test error of a package that is in the cache or in one of some folders; empty if it is in none."""
    for folder in (cache_folder() / "packages" / digest, *folders):
        try:
            manifest = read_manifest(folder)
        except UserError:
            continue
        if manifest.digest == digest:
            return headline_error(manifest)
    return ""


def next_measurement(folder: Path) -> tuple[str, str]:
    """Return the command that measures something, and why: a walk that lies here, or one that is made first."""
    if (folder / "walk.mp4").is_file():
        return "heelstrike predict walk.mp4 --overlay", "a model is there; `heelstrike serve` opens its pages"
    return "heelstrike demo", "a model is there; this makes walk.mp4 to try it on, and your own videos do as well"


def _next_of_consumer(folder: Path, configured: bool, cached: bool, checkout: Path | None) -> tuple[str, str]:
    if configured or cached:
        if checkout is not None:
            return next_measurement(folder)
        absent = importlib.util.find_spec("fastapi") is None
        pages = "`pip install 'heelstrike[serve]'` adds pages" if absent else "`heelstrike serve` opens its pages"
        return "heelstrike predict VIDEO --overlay", f"measures a video, an image or a folder of them; {pages}"
    if checkout is not None:
        return f"cd {checkout} && heelstrike", "models are trained there"
    return (
        f"export {TRACKING_URI}=https://HOST:PORT",
        "the address of the registry, which your operators know; without one: "
        "heelstrike predict VIDEO --package FOLDER",
    )
