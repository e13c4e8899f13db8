"""Two versions on the same test images, as one page: what a reviewer decides on."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from heelstrike.clock import utc_now
from heelstrike.errors import UserError
from heelstrike.files import write_aside
from heelstrike.heads.base import Style
from heelstrike.package.runtime import Package
from heelstrike.registry.pull import fetch
from heelstrike.registry.versions import Version
from pipeline.evaluate.judged_split import JudgedSplit, read_judged_split
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.registry.decision import Decision
from pipeline.registry.examine import Examination, examine
from pipeline.registry.promote import stored_decision
from pipeline.registry.store import Registry, open_registry
from pipeline.review.differences import differences
from pipeline.review.inputs import Inputs
from pipeline.review.page import Content, Extreme, Facts, Side, render
from pipeline.review.paired import Pair
from pipeline.review.references import version_named
from pipeline.review.tiles import tile
from pipeline.splits import TRAINED_ON
from pipeline.tracking.tags import NETWORK_TAG

EXTREMES = 20
"""Images with the largest losses, and with the largest gains, that the page shows."""


@dataclass(frozen=True)
class Comparison:
    """A page that compares two versions.

    Attributes:
        old: The first version, usually the champion.
        new: The second version.
        page: The page.
        digest: SHA-256 of its bytes.
    """

    old: Version
    new: Version
    page: str
    digest: str

    def write(self, path: Path) -> None:
        """Write the page as one file."""
        with write_aside(path) as aside:
            aside.write_text(self.page)


def compare(layout: Layout, params: ProblemParams, old: str, new: str, decision: Decision | None = None) -> Comparison:
    """Run both packages over the current test split, and put everything that a reviewer needs on one page.

    Args:
        layout: The repository, in which the test split lies.
        params: The problem's section of params.yaml.
        old: The first version, as `version_named` takes it.
        new: The second version.
        decision: The gates' decision about the second version; by default the one that it has in the registry.

    Raises:
        UserError: There is no such version, a package cannot be fetched or run, the two are scored differently, or
            there is no test split.
    """
    with open_registry(layout.root, layout.problem, create=False) as registry:
        versions = [version_named(registry, text) for text in (old, new)]
        tests = read_judged_split(layout, params)
        sides = [_examined(registry, version, tests, params) for version in versions]
        inputs = [Inputs(registry, version) for version in versions]
        differing = differences(layout.root, *inputs)
        about = [(one.described_commit, one.tags.get("dvc.collect", "unknown")[:10]) for one in inputs]
        people = set(tests.cases.subjects.tolist())
        learned = [
            sorted(people & {source.subject for source in one.sources if source.split in TRAINED_ON}) for one in inputs
        ]
        judged = decision or stored_decision(versions[1])
        sizes = [_megabytes(registry, version) for version in versions]
    if sides[0].metric != sides[1].metric:
        raise UserError(
            f"{versions[0].reference} and {versions[1].reference} cannot be compared: the error of the one is "
            f"{sides[0].metric.title}, that of the other {sides[1].metric.title}"
        )
    pair = Pair(sides[0], sides[1], params)
    losses, gains = pair.ranked(EXTREMES)
    style = _style(params)
    content = Content(
        problem=layout.problem,
        made=utc_now(),
        test_split=tests.digest,
        images=len(tests.images),
        subjects=len(people),
        resamples=params.evaluate.bootstrap,
        sides=tuple(
            Side(version.reference, commit, data, side.latency_ms, size, _network(version), seen)
            for version, side, (commit, data), size, seen in zip(versions, sides, about, sizes, learned, strict=True)
        ),
        headlines=pair.headlines(),
        keypoints=pair.keypoints(),
        slices=pair.slices(),
        differences=differing,
        decision=judged if judged is not None and judged.champion == versions[0].number else None,
        losses=[_extreme(pair, tests, index, "loss", style) for index in losses.tolist()],
        gains=[_extreme(pair, tests, index, "gain", style) for index in gains.tolist()],
    )
    page = render(content)
    return Comparison(versions[0], versions[1], page, hashlib.sha256(page.encode()).hexdigest())


def comparison_file(layout: Layout, comparison: Comparison) -> Path:
    """Return where a comparison is written by default; neither git nor DVC holds it."""
    name = f"version-{comparison.new.number}-against-{comparison.old.number}.html"
    return layout.root / "reports" / layout.problem / "compare" / name


def _examined(registry: Registry, version: Version, tests: JudgedSplit, params: ProblemParams) -> Examination:
    return examine(Package.load(fetch(registry.reader, version)), tests, params, version.reference)


def _megabytes(registry: Registry, version: Version) -> float:
    folder = fetch(registry.reader, version)
    return sum(file.stat().st_size for file in folder.iterdir()) / 1e6


def _network(version: Version) -> str:
    return version.tags.get(NETWORK_TAG, "unknown")


def _style(params: ProblemParams) -> Style:
    names = params.problem.keypoints
    skeleton = tuple((names.index(a), names.index(b)) for a, b in params.problem.skeleton)
    return Style(skeleton, params.package.confidence, "", params.problem.categories)


def _extreme(pair: Pair, tests: JudgedSplit, index: int, kind: Literal["loss", "gain"], style: Style) -> Extreme:
    """Return one image with its errors and both overlays."""
    cases = pair.new.cases
    drawn = tile(tests.images[index].file, index, pair.old.cases, cases, style)
    facts = Facts(
        kind=kind,
        image=str(cases.images[index]),
        subject=str(cases.subjects[index]),
        slices=[f"{name} = {values[index]}" for name, values in cases.slices.items() if values[index]],
        keypoints=pair.keypoint_changes(index),
    )
    old, new = (float(side.errors.error[index]) for side in (pair.old, pair.new))
    title = f"{facts.subject} · {Path(facts.image).stem}"
    return Extreme(facts, title, old, new, pair.metric.unit, drawn)
