"""Errors of people: frames of one person are not independent, so people are compared, not frames."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Shaped


class PersonErrors(NamedTuple):
    """Mean errors of P people on the same images by two models.

    Attributes:
        people: Names of the people who have an image that both models are scored on.
        challenger: Mean error of each; inf if a prediction is not finite.
        champion: The same of the champion.
    """

    people: Shaped[np.ndarray, "P"]
    challenger: Float[np.ndarray, "P"]
    champion: Float[np.ndarray, "P"]

    @property
    def relative(self) -> Float[np.ndarray, "P"]:
        """Difference of the two errors divided by their mean, from -2 to 2; 0 if they are equal.

        It is negative if the challenger is better, and changes its sign if the models are exchanged. It stays within
        its bounds where an error is 0 or infinite, so one person with a huge error does not outweigh all others.
        """
        new, old = self.challenger, self.champion
        total = new + old
        finite = np.isfinite(total) & (total > 0)
        difference = np.subtract(new, old, out=np.zeros(len(total)), where=finite)
        difference = np.subtract(new, old, out=np.zeros(len(total)), where=finite)
        share = np.divide(2 * difference, total, out=np.zeros(len(total)), where=finite)
        one_infinite = np.isinf(new) != np.isinf(old)
        return np.where(one_infinite, np.where(np.isinf(new), 2.0, -2.0), share)


def person_errors(
    challenger: Float[np.ndarray, "N"], champion: Float[np.ndarray, "N"], subjects: Shaped[np.ndarray, "N"]
) -> PersonErrors:
    """Mean error of each person; images with an error of NaN by either model are left out.

    Args:
        challenger: Error of each image; inf if the prediction is not finite.
        champion: Error of the same images in the same order.
        subjects: Person of each image.

    Raises:
        ValueError: The three differ in length, or no image is scored by both.
    """
    if not len(challenger) == len(champion) == len(subjects):
        lengths = (len(challenger), len(champion), len(subjects))
        raise ValueError(f"challenger, champion and people have {lengths} values; they must be of the same images")
    scored = ~(np.isnan(challenger) | np.isnan(champion))
    if not scored.any():
        raise ValueError("no image is scored by both models")
    people, code = np.unique(np.asarray(subjects)[scored].astype(str), return_inverse=True)
    images = np.bincount(code)
    new, old = (np.bincount(code, errors[scored]) / images for errors in (challenger, champion))
    return PersonErrors(people, new, old)
