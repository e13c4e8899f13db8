"""Expectation that some geometric cue distinguishes the left keypoint of a pair from the right one."""

from typing import Annotated

import numpy as np
from jaxtyping import Float
from pydantic import Field

from pipeline.validate.check import Check, Finding, Findings
from pipeline.validate.labels import LabelArrays

# more rows would not make the statistic noticeably better
_MOST_ROWS = 5000


class KeypointsIdentifiable(Check):
    """A geometric cue tells the left keypoint of every pair from the right one.

    A pair is identifiable if a cue puts the same keypoint on the same side in most images. A cue is an axis of the
    image, or the direction from the pair's middle to a landmark, along it or across it. A landmark is a keypoint
    without a partner, the middle of another pair, or a keypoint of a pair that is already known to be identifiable.
    Pairs without a cue are reported: a network can only guess them, and half of every error measured on them is chance.
    (Texture, which the table does not hold, might still tell them apart.)
    """

    at_least: Annotated[float, Field(gt=0.5, le=1, description="share of images on which a cue must agree")] = 0.8
    min_images: Annotated[int, Field(ge=10, description="pairs labelled in fewer images are not checked")] = 30

    def find(self, labels: LabelArrays) -> Findings:
        """Report every left-right pair that no cue orders alike in a share `at_least` of the images."""
        problem = labels.problem
        rows = np.linspace(0, max(len(labels) - 1, 0), min(len(labels), _MOST_ROWS)).astype(int)
        at = {name: labels.of(name)[rows] for name in problem.keypoints}
        open_pairs = {p: (at[p[0]], at[p[1]]) for p in problem.flip_pairs if _both(at, p) >= self.min_images}
        paired = {name for pair in problem.flip_pairs for name in pair}
        landmarks = {name: xy for name, xy in at.items() if name not in paired}
        landmarks |= {f"middle of {a} and {b}": (at[a] + at[b]) / 2 for a, b in problem.flip_pairs}
        checked, best = len(open_pairs), dict.fromkeys(open_pairs, 0.5)
        new_landmarks = landmarks
        while new_landmarks and open_pairs:
            for pair, (a, b) in open_pairs.items():
                best[pair] = max(best[pair], *(_agreement(a, b, xy) for xy in new_landmarks.values()))
            solved = [pair for pair in open_pairs if best[pair] >= self.at_least]
            new_landmarks = {name: at[name] for pair in solved for name in pair}
            for pair in solved:
                del open_pairs[pair]
        items = [self._finding(pair, best[pair], _both(at, pair)) for pair in open_pairs]
        return Findings(checked, "left-right pairs", items)

    def _finding(self, pair: tuple[str, str], share: float, images: int) -> Finding:
        found = f"the best cue orders them alike in {share:.0%} of {images} images (chance is 50%)"
        suggestion = "label them by a rule that the image shows, or make one keypoint of the two"
        return Finding(None, ", ".join(pair), found, f"in at least {self.at_least:.0%}", suggestion)


def _both(at: dict[str, Float[np.ndarray, "n 2"]], pair: tuple[str, str]) -> int:
    return int(np.isfinite(at[pair[0]] + at[pair[1]]).all(-1).sum())


def _agreement(a: Float[np.ndarray, "n 2"], b: Float[np.ndarray, "n 2"], landmark: Float[np.ndarray, "n 2"]) -> float:
    """Return the largest share of images in which b lies on the same side of a, over the axes and a landmark's cues."""
    apart, towards = b - a, landmark - (a + b) / 2
    along = towards * apart
    cues = (
        *(apart[:, 0], apart[:, 1]),
        *(
            along[:, 0],
            along[:, 1],
            along.sum(-1),
        ),  # nearer to the landmark in x, in y, in both
        towards[:, 0] * apart[:, 1] - towards[:, 1] * apart[:, 0],  # on one side of the direction to the landmark
    )
    # a cue is exactly 0 for the pair's own middle, which is no evidence
    known = [cue[np.isfinite(cue) & (cue != 0)] for cue in cues]
    # a landmark that is seldom labelled could agree by chance
    enough = np.isfinite(apart).all(-1).sum() / 2
    return max((float(max((c > 0).mean(), (c < 0).mean())) for c in known if len(c) >= enough), default=0.5)
