"""Augmentation of one training sample: image and labels are moved together.

The result depends on the sample and its seed alone, not on the process, the worker or earlier samples.
"""

import numpy as np
from jaxtyping import Float, UInt8

from pipeline.augment.geometry import draw_move, make_move
from pipeline.augment.labels import inside, move_box, move_keypoints, move_objects
from pipeline.augment.removal import draw_removed, remove
from pipeline.augment.sample import Sample
from pipeline.augment.settings import AugmentSettings, ViewSettings
from pipeline.problem import Problem


class Recipe:
    """The augmentation of one view. It is not thread-safe.

    Example:
        augment = Recipe(settings, problem)
        image, keypoints, visibility, box = augment(image, keypoints, visibility, box, seed)
    """

    def __init__(self, settings: ViewSettings, problem: Problem) -> None:
        self._settings, self._flip_order = settings, problem.flip_order
        self._change_pixels = None
        if any((settings.colour, settings.saturation, settings.negative, settings.blur, settings.noise)):
            # albumentations takes five seconds to import, so it is imported only where pixels change
            from pipeline.augment.pixels import PixelChanges

            self._change_pixels = PixelChanges(settings, problem.input.channels)

    def __call__(
        self,
        image: UInt8[np.ndarray, "H W C"],
        keypoints: Float[np.ndarray, "K 2"],
        visibility: UInt8[np.ndarray, " K"],
        box: Float[np.ndarray, "4"],
        seed: int,
    ) -> tuple[UInt8[np.ndarray, "H W C"], Float[np.ndarray, "K 2"], UInt8[np.ndarray, " K"], Float[np.ndarray, "4"]]:
        """Augment one sample without changing the inputs.

        Args:
            image: RGB or gray image.
            keypoints: (x, y) in the image's pixels, NaN where not labelled.
            visibility: COCO's 0, 1, 2.
            box: (x, y, width, height), pixels.
            seed: Seed of all random choices.

        Returns:
            Augmented image, keypoints, visibility and box.
        """
        objects = np.empty((0, 5), np.float32)
        return self.apply(Sample(image, keypoints, visibility, box, objects), seed)[:4]

    def apply(self, sample: Sample, seed: int) -> Sample:
        """Augment one sample with all its labels, without changing it. `seed` decides all random choices."""
        image, keypoints, visibility, box, objects = sample
        height, width = image.shape[:2]
        rng = np.random.default_rng(seed)
        move = draw_move(self._settings, width, height, rng)
        labelled = keypoints[visibility > 0].astype(np.float64)
        if len(labelled) and not inside(move.points(labelled), width, height).any():
            # a sample without any keypoint in view would teach nothing, so it is only mirrored
            move = make_move(width, height, move.flip, 1.0, 0.0, (0.0, 0.0))
        size = width, height
        moved, visibility = move_keypoints(move, keypoints, visibility, self._flip_order, *size)
        moved_box = move_box(move, box, keypoints, moved, *size)
        changed = move.image(image)
        if self._settings.remove:
            # from a generator of its own, so that this setting changes no other choice
            removed = draw_removed(self._settings.remove, visibility, np.random.default_rng([seed, 1]))
            changed = remove(changed, moved, removed, self._settings.remove_radius)
            moved, visibility = np.where(removed[:, None], np.nan, moved), np.where(removed, 0, visibility)
        if self._change_pixels is not None:
            changed = self._change_pixels(changed, rng)
        return Sample(changed, moved, visibility, moved_box, move_objects(move, objects, *size))


def build_recipes(settings: AugmentSettings, problem: Problem) -> list[Recipe]:
    """Build the recipe of each view in which an epoch shows an image."""
    return [Recipe(view, problem) for view in settings.views or (settings,)]
