"""What few people, floors and cameras have: scars and other hair, a floor that mirrors, video in HEVC.

It is asked for by `variety`, drawn from a generator of its own, and added to a finished subject. So a source without it
has the same bytes as before, and with it the same people.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from pipeline.synthetic.people import Dressed, Subject
from pipeline.synthetic.settings import SyntheticSource
from pipeline.synthetic.skin_marks import draw_hair, draw_scars

_QUALITIES = (18, 36)
_GLEAM = (0.08, 0.45)


@dataclass(frozen=True)
class Variety:
    """What is drawn for one subject.

    Attributes:
        hevc: True for video in HEVC instead of H.264.
        quality: Constant rate factor of HEVC, where it is used.
        gleam: Share of the light that the floor mirrors; 0 for a dull floor.
        scars: True for a person with scars.
        hair: True for a person whose hair is longer, denser, fairer or in patches.
    """

    hevc: bool
    quality: int
    gleam: float
    scars: bool
    hair: bool


def draw_variety(settings: SyntheticSource, index: int) -> Variety:
    """Draw the variety of subject `index`: each part with the probability `settings.variety`, independently."""
    rng = np.random.default_rng([settings.seed, index, 2])
    hevc, gleams, scars, hair = (rng.random(4) < settings.variety).tolist()
    gleam, quality = float(rng.uniform(*_GLEAM)), int(rng.integers(*_QUALITIES))
    return Variety(hevc, quality, gleam if gleams else 0.0, scars, hair)


def varied(settings: SyntheticSource, index: int, subject: Subject) -> tuple[Subject, Variety]:
    """Return a subject with its variety; without `settings.variety` the subject as it is."""
    variety = draw_variety(settings, index)
    rng = np.random.default_rng([settings.seed, index, 3])
    left, right = (_marked(dressed, variety, rng) for dressed in subject.legs)
    quality = variety.quality if variety.hevc else subject.quality
    return replace(subject, legs=(left, right), gleam=variety.gleam, quality=quality), variety


def _marked(dressed: Dressed, variety: Variety, rng: np.random.Generator) -> Dressed:
    """Return a leg with scars and hair on its skin."""
    texture: Float[np.ndarray, "H W 3"] = dressed.texture
    if variety.scars:
        texture = draw_scars(texture, rng)
    if variety.hair:
        texture = draw_hair(texture, rng)
    return dressed if texture is dressed.texture else replace(dressed, texture=texture)
