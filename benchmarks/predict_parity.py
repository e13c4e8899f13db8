"""What scaling from the decoder's planes changes against scaling RGB frames in the graph: pixels and results."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import Float

from heelstrike.package.runtime import Package
from heelstrike.package.view import View
from heelstrike.predict.frames import FrameResult
from heelstrike.predict.measurer import About, Measurer
from heelstrike.video.reader import VideoReader
from pipeline.prepare.preprocess import Preprocess

_FILL = 0.6  # share of a view's side that the keypoints take
_EVERY = 5  # pixels of one frame out of so many are compared


def parity(video: Path, package: Path) -> Iterator[str]:
    """Yield what differs between both ways on a video, as lines for a person."""
    used = Package.load(package)
    with VideoReader(video) as reader:
        arrays = list(Measurer(used, About()).images(frame.image for frame in reader.frames()))
    yield f"pixels, gray levels: {_spread(_levels(video, used, arrays))}"
    yield from _compared(_results(video, used), arrays)


def against(video: Path, package: Path, floats: Path) -> Iterator[str]:
    """Yield how the results of two packages of the same network differ on a video, as lines for a person."""
    results = [_results(video, Package.load(folder)) for folder in (package, floats)]
    threshold = Package.load(floats).manifest.confidence
    present = [np.array([result.confidence for result in each]) >= threshold for each in results]
    yield f"keypoints called present by one package only: {(present[0] != present[1]).sum()} of {present[1].size}"
    yield from _compared(*results)


def _results(video: Path, package: Package) -> list[FrameResult]:
    with VideoReader(video) as reader:
        return [result for _, result in Measurer(package, About()).video(reader.frames())]


def _compared(planes: list[FrameResult], arrays: list[FrameResult]) -> Iterator[str]:
    apart = np.array([_apart(a, b) for a, b in zip(planes, arrays, strict=True)])
    yield f"keypoints, px: {_spread(apart)}"
    radius = [result.radius for result in arrays if result.radius is not None]
    if radius:
        yield f"keypoints, share of their radius: {_spread(apart / np.array(radius))}"
    both = [(a, b) for a, b in zip(planes, arrays, strict=True) if a.measured and b.measured]
    changes = [(abs(a.values[n] - b.values[n]), b.half_widths.get(n, np.inf)) for a, b in both for n in b.values]
    if changes:
        values, widths = np.array(changes).T
        yield f"values, in their units: {_spread(values)}; share of their half-width: {_spread(values / widths)}"
    yield f"frames measured: {sum(r.measured for r in planes)} and {sum(r.measured for r in arrays)} of {len(arrays)}"


def _levels(video: Path, package: Package, results: list[FrameResult]) -> Float[np.ndarray, " N"]:
    """Differences of the network's input between both ways, on the views that the keypoints of frames fill."""
    scale, levels = Preprocess(package.manifest.input), []
    with VideoReader(video) as reader:
        for frame in reader.frames(set(range(0, len(results), _EVERY))):
            keypoints = results[frame.number].keypoints
            if keypoints is None:
                continue
            view = View.of_keypoints(keypoints, _FILL)
            one = scale(np.ascontiguousarray(frame.picture.cut(view).for_input(package.manifest.input)))[0]
            levels.append(one.astype(float) - scale(view.cut(frame.image))[0])
    return np.abs(np.concatenate([each.ravel() for each in levels]))


def _apart(a: FrameResult, b: FrameResult) -> Float[np.ndarray, " K"]:
    assert a.keypoints is not None
    assert b.keypoints is not None
    return np.linalg.norm(a.keypoints - b.keypoints, axis=1)


def _spread(values: Float[np.ndarray, "*any"]) -> str:
    median, p95, p999 = np.quantile(values, [0.5, 0.95, 0.999])
    return f"median {median:.3g}, 95 % {p95:.3g}, 99.9 % {p999:.3g}, largest {values.max():.3g}"
