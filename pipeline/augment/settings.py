"""Settings of augmentation: probabilities and ranges; 0 turns one off."""

from typing import Annotated

from pydantic import Field

from pipeline.problem import Strict

Probability = Annotated[float, Field(ge=0, le=1)]


class AugmentSettings(Strict):
    """Applied to training images only, in this order."""

    flip: Annotated[Probability, Field(description="mirror; left and right keypoints change places")] = 0.5
    zoom: Annotated[Probability, Field(description="scale about the image centre")] = 0.5
    zoom_range: tuple[float, float] = (0.8, 1.3)
    tilt: Annotated[Probability, Field(description="rotate about the image centre")] = 0.5
    tilt_degrees: Annotated[float, Field(ge=0, le=180)] = 10
    shift: Annotated[Probability, Field(description="move the image")] = 0.5
    shift_fraction: Annotated[float, Field(ge=0, le=0.5)] = 0.08
    colour: Annotated[Probability, Field(description="shift of brightness, contrast and hue")] = 0.5
    saturation: Probability = 0.2
    negative: Annotated[Probability, Field(description="inverted image")] = 0.0
    blur: Annotated[Probability, Field(description="motion or Gaussian blur")] = 0.1
    noise: Annotated[Probability, Field(description="sensor noise")] = 0.2
