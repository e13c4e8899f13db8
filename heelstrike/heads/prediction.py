"""The prediction of a package for one image."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from heelstrike.reasons import Reason


@dataclass(frozen=True)
class Refusal:
    """Why keypoints that the network predicts are not to be measured.

    Attributes:
        reason: The reason as a code, for counting.
        message: The reason as a sentence, for a person.
    """

    reason: Reason
    message: str


@dataclass(frozen=True)
class Prediction:
    """The prediction for one image, in that image's own pixels. Fields of heads that the network lacks are `None`.

    Attributes:
        keypoints: (K, 2), (x, y) of each keypoint; the origin is the centre of the top-left pixel.
        confidence: (K,), confidence of each keypoint in [0, 1].
        box: (4,), x, y, width, height of the one instance.
        probabilities: (C,), calibrated probability of each class.
        boxes: (D, 4), x, y, width, height of each detected instance, highest score first.
        scores: (D,), score of each detected instance in [0, 1].
        classes: (D,), class index of each detected instance.
        radius: (K,), pixels that each keypoint may be off: of a new subject's keypoints, the share `radii.level` lies
            within its radius. It is inf without limit, and `None` if the package has no radii.
        others: Outputs of heads that this library does not know, by name, as the graph gives them. If the network was
            given the mirror image, they belong to the mirror image.
        heads: Names of the network's heads.
        people: Number of people who were told apart when the patient was last looked for; `None` if nobody was looked
            for.
        refusal: Why the keypoints are not to be measured; `None` if nothing speaks against it.
        from_frames: Number of frames of a video that the keypoints are from; `None` if they are from this image alone.
    """

    keypoints: Float[np.ndarray, "K 2"] | None = None
    confidence: Float[np.ndarray, " K"] | None = None
    box: Float[np.ndarray, " 4"] | None = None
    probabilities: Float[np.ndarray, " C"] | None = None
    boxes: Float[np.ndarray, "D 4"] | None = None
    scores: Float[np.ndarray, " D"] | None = None
    classes: Int[np.ndarray, " D"] | None = None
    radius: Float[np.ndarray, " K"] | None = None
    others: Mapping[str, np.ndarray] = field(default_factory=dict)
    heads: tuple[str, ...] = ()
    people: int | None = None
    refusal: Refusal | None = None
    from_frames: int | None = None
