"""Can the left point be told from the right one by anything in the image?"""

from typing import Annotated

import numpy as np
from jaxtyping import Float
from pydantic import Field

from pipeline.validate.check import Check, Finding, Findings
from pipeline.validate.labels import LabelArrays

# a statistic does not get better with more rows than this
_MOST_ROWS = 5000


class KeypointsIdentifiable(Check):
    """Something tells the left keypoint of every pair from the right one.

    A pair is identifiable when a geometric cue puts the same one on the same side in most images: the image's own
    axes, or a direction from the pair's middle to another landmark (a keypoint without a partner, the middle of
    another pair, a keypoint of a pair already found identifiable), along it or across it. Pairs that no cue orders
    are reported: a network can only guess them, and every error measured on them is half chance. (Texture, which the
    table does not know, might still tell them apart.)
    """

    at_least: Annotated[float, Field(gt=0.5, le=1, description="share of images on which a cue must agree")] = 0.8
    min_images: Annotated[int, Field(ge=10, description="pairs labelled in fewer are not judged")] = 30

    def find(self, labels: LabelArrays) -> Findings:
        """See `Check.find`."""
        problem = labels.problem
        rows = np.linspace(0, max(len(labels) - 1, 0), min(len(labels), _MOST_ROWS)).astype(int)
        at = {name: labels.of(name)[rows] for name in problem.keypoints}
        open_pairs = {p: (at[p[0]], at[p[1]]) for p in problem.flip_pairs if _both(at, p) >= self.min_images}
        paired = {name for pair in problem.flip_pairs for name in pair}
        landmarks = {name: xy for name, xy in at.items() if name not in paired}
        landmarks |= {f"middle of {a} and {b}": (at[a] + at[b]) / 2 for a, b in problem.flip_pairs}
        judged, best = len(open_pairs), dict.fromkeys(open_pairs, 0.5)
        news = landmarks
        while news and open_pairs:
            for pair, (a, b) in open_pairs.items():
                best[pair] = max(best[pair], *(_agreement(a, b, xy) for xy in news.values()))
            solved = [pair for pair in open_pairs if best[pair] >= self.at_least]
            news = {name: at[name] for pair in solved for name in pair}
            for pair in solved:
                del open_pairs[pair]
        items = [self._finding(pair, best[pair], _both(at, pair)) for pair in open_pairs]
        return Findings(judged, "left-right pairs", items)

    def _finding(self, pair: tuple[str, str], share: float, images: int) -> Finding:
        found = f"the best cue orders them alike in {share:.0%} of {images} images (chance is 50%)"
        suggestion = "label them by a rule that the image shows, or make one keypoint kind of the two"
        return Finding(None, ", ".join(pair), found, f"in at least {self.at_least:.0%}", suggestion)


def _both(at: dict[str, Float[np.ndarray, "n 2"]], pair: tuple[str, str]) -> int:
    return int(np.isfinite(at[pair[0]] + at[pair[1]]).all(-1).sum())


def _agreement(a: Float[np.ndarray, "n 2"], b: Float[np.ndarray, "n 2"], landmark: Float[np.ndarray, "n 2"]) -> float:
    """Largest share of images in which b lies on one and the same side of a, by the axes and by a landmark."""
    apart, towards = b - a, landmark - (a + b) / 2
    along = towards * apart
    cues = (
        *(apart[:, 0], apart[:, 1]),
        *(along[:, 0], along[:, 1], along.sum(-1)),  # nearer to the landmark in x, in y, in all
        towards[:, 0] * apart[:, 1] - towards[:, 1] * apart[:, 0],  # turned to the left of it
    )
    # exactly 0 for the pair's own middle: no evidence
    known = [cue[np.isfinite(cue) & (cue != 0)] for cue in cues]
    # a landmark that is seldom labelled could agree by chance
    enough = np.isfinite(apart).all(-1).sum() / 2
    return max((float(max((c > 0).mean(), (c < 0).mean())) for c in known if len(c) >= enough), default=0.5)
