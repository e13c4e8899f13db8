"""Settings of augmentation: probabilities and ranges; a probability of 0 turns one off."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from pipeline.problem import Strict

Probability = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(gt=0, le=10)]


class AugmentSettings(Strict):
    """Applied to training images only, in this order."""

    flip: Annotated[Probability, Field(description="mirror; left and right keypoints change places")] = 0.5
    zoom: Annotated[Probability, Field(description="scale about the image centre")] = 0.5
    zoom_range: Annotated[tuple[Factor, Factor], Field(description="smallest and largest factor")] = (0.8, 1.3)
    tilt: Annotated[Probability, Field(description="rotate about the image centre")] = 0.5
    tilt_degrees: Annotated[float, Field(ge=0, le=180)] = 10
    shift: Annotated[Probability, Field(description="move the image")] = 0.5
    shift_fraction: Annotated[float, Field(ge=0, le=0.5, description="of width and height, at most")] = 0.08
    hide: Annotated[
        Probability, Field(description="of each keypoint: what is beside it is copied over it, and it is missing")
    ] = 0.0
    hide_px: Annotated[float, Field(ge=1, le=64, description="radius of what is covered, input pixels")] = 6
    colour: Annotated[Probability, Field(description="shift of brightness, contrast and hue")] = 0.5
    colour_fraction: Annotated[float, Field(ge=0, le=1, description="brightness and contrast, at most")] = 0.25
    hue_degrees: Annotated[float, Field(ge=0, le=180, description="hue, at most")] = 20
    saturation: Annotated[Probability, Field(description="more or less vivid colours")] = 0.2
    saturation_range: Annotated[tuple[Factor, Factor], Field(description="smallest and largest factor")] = (0.5, 1.5)
    negative: Annotated[Probability, Field(description="inverted image")] = 0.0
    blur: Annotated[Probability, Field(description="motion or Gaussian blur")] = 0.1
    blur_px: Annotated[int, Field(ge=3, le=31, description="longest motion, input pixels; Gaussian sigma / 3")] = 7
    noise: Annotated[Probability, Field(description="sensor noise")] = 0.2
    noise_levels: Annotated[float, Field(ge=0, le=128, description="standard deviation, gray levels, at most")] = 10

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for name in ("zoom_range", "saturation_range"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} {low:g} to {high:g} is the wrong way round")
        if self.blur_px % 2 == 0:
            raise ValueError(f"blur_px is {self.blur_px}; use an odd number, so that blur moves nothing")
        return self
