"""Lineage both ways: what went into a version, and which versions used a person, a video or a batch."""

from collections.abc import Callable, Iterable

from heelstrike.errors import UserError, did_you_mean
from heelstrike.registry.versions import Version
from pipeline.environment import PYTHON
from pipeline.layout import Layout
from pipeline.registry.store import Registry, open_registry
from pipeline.review.inputs import Inputs
from pipeline.review.references import is_reference, version_named
from pipeline.splits import SPLITS, TEST
from pipeline.tracking.evidence import Source
from pipeline.tracking.tags import VERDICT_TAG

_MOST = 12  # names in a line


def lineage_lines(layout: Layout, what: str) -> list[str]:
    """Return the lineage of a version, or of data, as lines.

    Args:
        layout: The repository and the problem.
        what: A version as `version_named` takes it; otherwise the name of a subject, a video (its path below
            data/raw/PROBLEM, or the end of it) or a batch.

    Raises:
        UserError: There is no such version, or no version has used such data.
    """
    with open_registry(layout.root, layout.problem, create=False) as registry:
        if is_reference(what, registry):
            return _of_version(Inputs(registry, version_named(registry, what)))
        return _of_data(registry, what)


def _of_version(inputs: Inputs) -> list[str]:
    version, tags = inputs.version, inputs.tags
    lines = [
        f"{version.reference}  {version.tags.get(VERDICT_TAG, 'not judged')}",
        f"  run          {version.run_id or 'unknown'}",
        f"  commit       {inputs.commit or 'unknown'}{' with other changes' if '+' in inputs.described_commit else ''}",
        f"  package      {version.package}",
    ]
    lines += [f"  {name:<12} {tags[name]}" for name in ("dvc.raw", "dvc.collect", "dvc.split") if name in tags]
    if not inputs.sources:
        return [*lines, "  people       not recorded: the version is older than the record of people and videos"]
    for split in SPLITS:
        lines.append(f"  {split:<12} {_counted([source for source in inputs.sources if source.split == split])}")
    batches = dict.fromkeys(source.batch for source in inputs.sources)
    lines.append(f"  batches      {_listed(batches)}")
    packages = inputs.packages
    shown = [
        f"{name} {packages[name]}"
        for name in (PYTHON, "torch", "onnxruntime", "opencv-python-headless", "numpy")
        if name in packages
    ]
    return [*lines, f"  environment  {', '.join(shown)} and {len(packages) - len(shown)} other packages"]


def _counted(sources: list[Source]) -> str:
    people = dict.fromkeys(source.subject for source in sources)
    images = sum(source.images for source in sources)
    return f"{images} images in {len(sources)} videos or images of {len(people)} people: {_listed(people)}"


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:_MOST]) + (f" and {len(every) - _MOST} more" if len(every) > _MOST else "")


def _of_data(registry: Registry, what: str) -> list[str]:
    tests: dict[str, Callable[[Source], bool]] = {
        "subject": lambda source: source.subject == what,
        "batch": lambda source: source.batch == what,
        "video": lambda source: source.source == what or source.source.endswith(f"/{what}"),
    }
    used = [(version, Inputs(registry, version).sources) for version in registry.versions()]
    for kind, matches in tests.items():
        lines = [line for version, sources in used if (line := _use(version, list(filter(matches, sources))))]
        if lines:
            unrecorded = [version.reference for version, sources in used if not sources]
            older = [f"  not known for {_listed(unrecorded)}, which have no record of people"] if unrecorded else []
            return [f"{kind} {what} of {registry.problem}:", *lines, *older]
    known = {name for _, sources in used for source in sources for name in (source.subject, source.batch)}
    raise UserError(
        f"{what}: no version of {registry.problem}, and no subject, video or batch from which one of its versions "
        f"learned or on which it was tested{did_you_mean(what, sorted(known))}"
    )


def _use(version: Version, sources: list[Source]) -> str:
    """Return how a version used these sources, in a line; empty if it did not."""
    counts = {split: sum(s.images for s in sources if s.split == split) for split in SPLITS}
    parts = [
        f"{'was tested on' if split == TEST else 'learned from'} {count} images ({split})"
        for split, count in counts.items()
        if count
    ]
    return f"  {version.reference}  {', '.join(parts)}" if parts else ""
