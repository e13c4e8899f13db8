"""Predictions at every size: a network that knows keypoints of one size looks for them at all sizes and places.

The network is given the whole image first. The keypoints that it predicts say which view of the image would show them
at the size that the network knows best, so it is given that view, until view and keypoints fit each other: the view
has *settled*. If the network is not sure of what it finds so, it is given views of several sizes all over the image.
If it is, it is given the views beside it, for other people. In a video, the view of the last frame comes first; while
nothing is found, frames are looked at less and less often, and only where something has changed.

A wrong prediction is rarely made twice. So unless the network is sure of every keypoint, it is asked again on a view of
another size, a little to the side, and a third time where the second answer lacks a keypoint or puts it further away
than the radii explain. One that is elsewhere, or of which the looks together are not sure enough, counts as missing.
The place of the others is the mean of the looks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from heelstrike.heads.prediction import Prediction, Refusal
from heelstrike.package.few import few
from heelstrike.package.image import Image
from heelstrike.package.looking import AGREED, FOLLOWED, Answer, Look, Looks, finite, points_of, score
from heelstrike.package.memory import Memory
from heelstrike.package.people import apart, is_ambiguous, is_same, patient_of, without_parts
from heelstrike.package.view import View, size_of, tiles
from heelstrike.preprocess.mirror import flip_order
from heelstrike.preprocess.settings import Zoom
from heelstrike.reasons import Reason

_TILES = (1.0, 0.5, 0.25)  # sides of the views that are tried all over an image, as shares of its shorter side
_BEST = 3  # tiles of each size from which a view is settled
_MISFIT = 0.3  # what a tile's score loses if the answer on it would fill another view
_PATIENCE = 24  # most frames between two searches, if nothing is found: whoever comes in is found within a second
_LARGE = 0.5  # share of the image's shorter side from which a person's view is large, so that few cover the image
_BESIDE = 0.5  # shift of the views beside a person, in sides of the person's view
_NOT_FOUND = "no part of the image shows the keypoints at a size that the network knows"
_SEVERAL = "several people stand so close that it cannot be told which legs belong together"


class Zoomed:
    """Predictions on the frames of one video, or on one image. Call it with every frame, in order.

    Args:
        settings: What is believed, and who the patient is.
        look: The network.
        names: Names of the keypoints, for messages.
        threshold: A keypoint of lower confidence counts as missing.
        smallest: Side of the smallest view for which the radii were calibrated, pixels; 0 without a limit.
        pairs: Names of the keypoints that a mirrored image exchanges.
    """

    def __init__(
        self,
        settings: Zoom,
        look: Look,
        names: tuple[str, ...],
        threshold: float,
        smallest: float = 0,
        pairs: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._settings, self._look, self._names, self._threshold = settings, look, names, threshold
        self._smallest, self._other_side = smallest, np.array(flip_order(names, pairs))
        self._last: Prediction | None = None
        self._people = 0
        self._memory = Memory()
        self._frames_to_search, self._pause = 0, 0
        self._nothing: Prediction | None = None
        self._shows_few = False

    def __call__(self, image: Image) -> Prediction:
        """Return the prediction in the image's pixels, with a `refusal` if it is not to be believed."""
        looks = Looks(image, self._settings, self._look, self._threshold)
        if self._nothing is not None and self._frames_to_search > 0:
            self._frames_to_search -= 1
            return (self._few(looks) if self._shows_few else None) or self._nothing
        patient = self._followed(looks)
        limit = AGREED if patient is None else FOLLOWED
        people = [] if patient is not None else self._found(looks)
        if people:
            patient, self._people = self._chosen(looks, people)
        if patient is None:
            self._pause = min(2 * self._pause + 1, _PATIENCE)
            self._last, self._frames_to_search, self._nothing = None, self._pause - 1, _nothing_on(looks)
            shown = self._few(looks)
            self._shows_few = shown is not None
            return shown or self._nothing
        self._last, self._pause, self._nothing = patient.prediction, 0, None
        self._memory.forget()
        prediction = replace(self._judged(looks, patient, limit), people=self._people)
        if is_ambiguous(patient, people):
            self._last = None  # whoever is in doubt is not followed, so that the next frame is in doubt too
            return replace(prediction, refusal=Refusal(Reason.SEVERAL_PEOPLE, _SEVERAL))
        return prediction

    def _followed(self, looks: Looks) -> Answer | None:
        """Settle a view from the patient in the last frame; `None` if there was none, or if the patient is lost."""
        if self._last is None:
            return None
        answer = looks.settle(View.of_keypoints(finite(points_of(self._last)[0]), self._settings.fill))
        return answer if answer and looks.is_sure(answer) and is_same(self._last, answer.prediction) else None

    def _found(self, looks: Looks) -> list[Answer]:
        """Return people on the whole image, else on views all over it; empty if the network is sure of nobody."""
        whole = self._whole(looks)
        return self._search(looks) if whole is None else [whole]

    def _whole(self, looks: Looks) -> Answer | None:
        """Settle a view from the answer on the whole image, or take that answer if further looks agree with it."""
        whole = looks.whole
        if not self._memory.is_worth_a_look(whole.view, looks.image.rgb):
            return None
        filled = looks.filled(whole)
        settled = looks.settle(filled)
        if looks.is_sure(settled):
            return settled
        return whole if filled is not None and looks.is_sure(whole) and looks.holds(whole) else None

    def _few(self, looks: Looks) -> Prediction | None:
        """Return the few keypoints that the whole image shows; `None` if there are none."""
        shown = few(looks, self._settings, self._other_side, self._threshold)
        if shown is None:
            return None
        shown = _one_name_each(shown, self._settings.min_distance)
        is_small = looks.whole.view.side < self._smallest
        return replace(shown, refusal=self._too_small(shown)) if is_small else shown

    def _search(self, looks: Looks) -> list[Answer]:
        """Settle views from tiles all over the image, the largest first; empty if the network is sure of none."""
        height, width = looks.image.shape
        for share in _TILES:
            views = [
                tile for tile in tiles(width, height, share) if self._memory.is_worth_a_look(tile, looks.image.rgb)
            ]
            sure = self._settled(looks, views)
            if sure:
                return sure
        return []

    def _settled(self, looks: Looks, views: list[View]) -> list[Answer]:
        """Settle views from the best of those that are given; return the answers of which the network is sure."""
        scored = sorted((self._scored(looks, view) for view in views), key=lambda each: -each[0])
        return _sure(looks, [filled for _, filled in scored[:_BEST]])

    def _scored(self, looks: Looks, view: View) -> tuple[float, View | None]:
        """Return the score of the prediction on a view, and the view that the keypoints would fill."""
        answer = looks.at(view)
        filled = looks.filled(answer)
        return score(answer) - (0.0 if filled is not None and filled.is_like(view) else _MISFIT), filled

    def _chosen(self, looks: Looks, people: list[Answer]) -> tuple[Answer, int]:
        """Look for other people beside the best one, add them to `people`, and return the patient and the number.

        Answers that show a part of another person are taken out of `people`.
        """
        known = looks.filled(max(people, key=score))
        assert known is not None  # the network is sure of these keypoints, so they have positions
        beside = [answer for answer in map(looks.at, self._beside(looks, known)) if looks.is_sure(answer)]
        filled = [view for answer in beside if (view := looks.filled(answer)) is not None and not view.is_like(known)]
        people[:] = without_parts(people + _sure(looks, filled[:_BEST]), self._threshold)
        distinct = apart(people)
        return patient_of(distinct, self._settings, looks.image.shape, self._threshold), len(distinct)

    def _beside(self, looks: Looks, known: View) -> list[View]:
        """Return the views to the left and to the right of a person, and those of a large person's size all over."""
        height, width = looks.image.shape
        near = [known.zoomed(1, (_BESIDE * side, 0)) for side in (-1, 1)]
        share = min(known.side / min(width, height), 1.0)
        return near + (tiles(width, height, share) if share >= _LARGE else [])

    def _judged(self, looks: Looks, answer: Answer, limit: float) -> Prediction:
        """Look again unless the network is sure of every keypoint; drop what is not seen again, and second names.

        A keypoint is dropped as well if the mean of its confidences in the looks is below the limit.
        """
        prediction = _one_name_each(answer.prediction, self._settings.min_distance)
        confidence = points_of(prediction)[1]
        if answer.view.side < self._smallest:
            return replace(prediction, refusal=self._too_small(prediction))
        if confidence.min() >= self._settings.sure:
            return prediction
        check = looks.checked(answer)
        there = confidence >= self._threshold
        doubtful = np.flatnonzero(check.differs & there).tolist()
        listed = ", ".join(f"{self._names[k]} by {check.away[k]:.0f} px" for k in doubtful)
        gone = check.differs | (there & (check.confidence < limit))
        return replace(
            prediction,
            keypoints=check.places,
            confidence=np.where(gone, 0, confidence).astype(confidence.dtype),
            radius=None if prediction.radius is None else np.maximum(prediction.radius, check.away),
            refusal=Refusal(Reason.LOOKS_DIFFER, f"looks at the image differ about {listed}") if doubtful else None,
        )

    def _too_small(self, prediction: Prediction) -> Refusal:
        size, least = size_of(finite(points_of(prediction)[0])), self._smallest * self._settings.fill
        return Refusal(Reason.TOO_SMALL, f"they are {size:.0f} px high in the image, about {least:.0f} px are needed")


def _sure(looks: Looks, views: Sequence[View | None]) -> list[Answer]:
    """Settle views; return the answers of which the network is sure."""
    settled = [looks.settle(view) for view in views]
    return [answer for answer in settled if answer is not None and looks.is_sure(answer)]


def _nothing_on(looks: Looks) -> Prediction:
    """Return a prediction of which no keypoint is believed."""
    prediction = looks.whole.prediction
    confidence = np.zeros_like(points_of(prediction)[1])
    return replace(prediction, confidence=confidence, refusal=Refusal(Reason.NOT_FOUND, _NOT_FOUND))


def _one_name_each(prediction: Prediction, min_distance: float) -> Prediction:
    """Return the prediction without the less confident one of two keypoints at the same place: they are one marker."""
    keypoints, confidence = points_of(prediction)
    near = np.linalg.norm(keypoints[:, None] - keypoints, axis=-1) < min_distance * size_of(finite(keypoints))
    left = confidence.copy()
    for k in np.argsort(confidence):
        left[k] = 0 if (near[k] & (left > 0)).sum() > 1 else left[k]
    return replace(prediction, confidence=left)
