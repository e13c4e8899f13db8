"""Cost of augmentation per image on one core: Heelstrike's chain, its steps, and albumentations' own chain.

OMP_NUM_THREADS=1 python benchmarks/augment_speed.py --size 256 --images 1000
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from pipeline.augment.recipe import Recipe
from pipeline.augment.settings import AugmentSettings
from pipeline.problem import Problem

PROBABILITIES = ("flip", "zoom", "tilt", "shift", "colour", "saturation", "negative", "blur", "noise")
PROBLEM = Problem(keypoints=tuple("abcdef"), flip_pairs=(("a", "d"), ("b", "e"), ("c", "f")))


def milliseconds(augment: Callable[[int], object], images: int) -> float:
    """Return the CPU milliseconds per call."""
    for seed in range(20):
        augment(seed)
    start = time.process_time()
    for seed in range(images):
        augment(seed)
    return 1000 * (time.process_time() - start) / images


def albumentations_chain() -> Callable[..., object]:
    """Return the nearest chain of albumentations' own transforms, keypoints included, left and right not swapped."""
    import albumentations as A

    chain = A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.Affine(scale=(0.8, 1.3), rotate=(-10, 10), translate_percent=(-0.08, 0.08), fill=128, p=0.875),
            A.RandomBrightnessContrast(0.25, 0.25, p=0.5),
            A.HueSaturationValue(10, 0, 0, p=0.5),
            A.ColorJitter((1, 1), (1, 1), (0.5, 1.5), (0, 0), p=0.2),
            A.OneOf([A.MotionBlur((3, 7), p=1), A.GaussianBlur(sigma_limit=(0.3, 2.3), p=1)], p=0.1),
            A.GaussNoise((0, 0.04), p=0.2),
        ],
        keypoint_params=A.KeypointParams(format="xy", remove_invisible=False),
        seed=1,
    )
    return lambda image, keypoints: chain(image=image, keypoints=keypoints)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256, help="width and height")
    parser.add_argument("--images", type=int, default=1000)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (arguments.size, arguments.size, 3), dtype=np.uint8)
    keypoints = rng.uniform(0.25, 0.75, (6, 2)).astype(np.float32) * arguments.size
    visibility, box = np.full(6, 2, np.uint8), np.array([0.1, 0.1, 0.8, 0.8], np.float32) * arguments.size
    off = dict.fromkeys(PROBABILITIES, 0.0)
    chosen = {"default settings": AugmentSettings(), "everything off": AugmentSettings.model_validate(off)}
    chosen |= {f"{name}, always": AugmentSettings.model_validate(off | {name: 1.0}) for name in PROBABILITIES}
    print("| augmentation | CPU ms per image |\n|---|---|")
    for name, settings in chosen.items():
        recipe = Recipe(settings, PROBLEM)
        augment = partial(recipe, image, keypoints, visibility, box)
        cost = milliseconds(augment, arguments.images)
        print(f"| {name} | {cost:.3f} |", flush=True)
    chain = albumentations_chain()
    print(f"| albumentations' own chain | {milliseconds(lambda _: chain(image, keypoints), arguments.images):.3f} |")


if __name__ == "__main__":
    main()
