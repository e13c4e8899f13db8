"""Few keypoints: what is shown of somebody of whom too little is found to be followed, as of a leg that lacks markers.

The whole image and a closer look have to agree about the places of the keypoints. They need not agree about the side,
since it can often not be seen which leg a single leg is: then a third look decides, and the refusal says so.
"""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from heelstrike.heads.prediction import Prediction, Refusal
from heelstrike.package.looking import AGREED, Looks, distance, finite, points_of
from heelstrike.package.view import View, size_of
from heelstrike.preprocess.settings import Zoom
from heelstrike.reasons import Reason

_MOST = 0.5  # share of the keypoints that is shown at most
_CLOSER = 0.8  # side of the closer look, as a share of the image's
_SIDES = "looks at the image differ about left and right"

Indices = Int[np.ndarray, " K"]


def few(looks: Looks, settings: Zoom, other: Indices, threshold: float) -> Prediction | None:
    """Return the few keypoints that the whole image shows; `None` if none is certain.

    Their places are those of the closer look, which shows them larger. If more than half of the keypoints are certain,
    the most certain half is shown, so that nothing is measured from an answer that is not sure as a whole.

    Args:
        looks: Looks at the image.
        settings: What is believed.
        other: Index of each keypoint's counterpart on the other side; its own if it has none.
        threshold: A keypoint of lower confidence counts as missing.
    """
    first = looks.seen_whole
    keypoints, confidence = points_of(first)
    present = (confidence >= threshold) & np.isfinite(keypoints).all(axis=1)
    if not present.any():
        return None
    places, again = points_of(looks.seen(_closer(looks.whole.view, keypoints[present])))
    in_doubt = _is_one_side(present, other) and bool(again[other][present].sum() > again[present].sum())
    if in_doubt:
        places, again = places[other], again[other]
    away = distance(places, keypoints)
    agreed = present & (away <= settings.max_disagreement * size_of(finite(keypoints)))
    both = np.where(agreed, (confidence + again) / 2, 0)
    shown = _certain(both)
    if not shown.any():
        return None
    answer = replace(
        first,
        keypoints=np.where(shown[:, None], places, keypoints),
        confidence=np.where(shown, both, np.where(confidence < threshold, confidence, 0)).astype(confidence.dtype),
        radius=None if first.radius is None else np.maximum(first.radius, away),
        refusal=Refusal(Reason.LOOKS_DIFFER, _SIDES) if in_doubt else None,
    )
    return _on_the_surer_side(looks, answer, shown, other) if in_doubt else answer


def _on_the_surer_side(looks: Looks, answer: Prediction, shown: Bool[np.ndarray, " K"], other: Indices) -> Prediction:
    """Return the answer with the names of the side on which two of three looks agree."""
    third = points_of(looks.seen(looks.whole.again[0]))[1]
    if third[shown].sum() >= third[other][shown].sum():
        return answer
    keypoints, confidence = points_of(answer)
    radius = None if answer.radius is None else answer.radius[other]
    return replace(answer, keypoints=keypoints[other], confidence=confidence[other], radius=radius)


def _is_one_side(present: Bool[np.ndarray, " K"], other: Indices) -> bool:
    """Return True if all of these keypoints have a counterpart on the other side, and none of these is present."""
    return bool((other[present] != np.flatnonzero(present)).all() and not present[other][present].any())


def _closer(whole: View, keypoints: Float[np.ndarray, "P 2"]) -> View:
    """Return a smaller view in which these keypoints are where they are in the whole image, as shares of its sides.

    So what differs is their size, not also what surrounds them, by which a single leg is often taken for the other one.
    """
    away = (keypoints.min(axis=0) + keypoints.max(axis=0)) / 2 - whole.centre
    return View.around(whole.centre + (1 - _CLOSER) * away, _CLOSER * whole.side)


def _certain(confidence: Float[np.ndarray, " K"]) -> Bool[np.ndarray, " K"]:
    """Return True for keypoints that are certain; if these are more than half, for the most confident half."""
    rank = np.argsort(np.argsort(-confidence, kind="stable"))
    return (confidence >= AGREED) & (rank < _MOST * len(confidence))
