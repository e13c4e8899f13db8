"""Settings of augmentation: probabilities and ranges. A probability of 0 turns a change off."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from heelstrike.settings import Strict

Probability = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(gt=0, le=10)]


RecipeName = Literal["y_axis_flip", "zoom_1_4", "zoom_1_5", "zoom_1_6", "colour_shift"]

_OFF = dict.fromkeys(
    ("flip", "zoom", "tilt", "shift", "colour", "saturation", "negative", "blur", "noise", "remove"), 0.0
)
_RECIPES: dict[str, dict[str, float]] = {
    "y_axis_flip": {"flip": 0.5},
    "zoom_1_4": {"zoom": 0.5},
    "zoom_1_5": {"zoom": 0.5},
    "zoom_1_6": {"zoom": 0.5},
    "colour_shift": {"colour": 0.5, "saturation": 0.5},
}
_ZOOMS = {"zoom_1_4": 1.4, "zoom_1_5": 1.5, "zoom_1_6": 1.6}


class ViewSettings(Strict):
    """Changes of a training image, in this order.

    With a `recipe`, a change that the recipe does not name is off unless it is set too. Without a `recipe`, the
    defaults below hold.
    """

    recipe: Annotated[
        tuple[RecipeName, ...],
        Field(
            description="augmentations of the published study, each with probability 0.5; with more than one zoom, "
            "the factor is drawn between the smallest and the largest"
        ),
    ] = ()
    flip: Annotated[
        Probability, Field(description="probability of mirroring the image; left and right keypoints change places")
    ] = 0.5
    zoom: Annotated[Probability, Field(description="probability of scaling about the image centre")] = 0.5
    zoom_range: Annotated[tuple[Factor, Factor], Field(description="smallest and largest factor of the zoom")] = (
        0.8,
        1.3,
    )
    tilt: Annotated[Probability, Field(description="probability of a rotation about the image centre")] = 0.5
    tilt_degrees: Annotated[float, Field(ge=0, le=180, description="largest rotation to either side")] = 10
    shift: Annotated[Probability, Field(description="probability of moving the image")] = 0.5
    shift_fraction: Annotated[
        float, Field(ge=0, le=0.5, description="largest shift, as a share of width and height")
    ] = 0.08
    colour: Annotated[Probability, Field(description="probability of a change of brightness, contrast and hue")] = 0.5
    colour_fraction: Annotated[float, Field(ge=0, le=1, description="largest change of brightness and contrast")] = 0.25
    hue_degrees: Annotated[float, Field(ge=0, le=180, description="largest shift of hue")] = 20
    saturation: Annotated[Probability, Field(description="probability of a change of saturation")] = 0.2
    saturation_range: Annotated[
        tuple[Factor, Factor], Field(description="smallest and largest factor of the saturation")
    ] = (0.5, 1.5)
    negative: Annotated[Probability, Field(description="probability of inverting the colours")] = 0.0
    blur: Annotated[Probability, Field(description="probability of motion blur or Gaussian blur")] = 0.1
    blur_px: Annotated[
        int, Field(ge=3, le=31, description="longest motion blur, input pixels, odd; of Gaussian blur, 3 sigma")
    ] = 7
    remove: Annotated[
        Probability,
        Field(
            description="probability that markers of some visible keypoints are painted out, which then are not there; "
            "for keypoints that are stickers or the like"
        ),
    ] = 0.0
    remove_radius: Annotated[
        float,
        Field(gt=0, le=0.5, description="radius of what is painted out, as a share of the keypoints' extent"),
    ] = 0.06
    noise: Annotated[Probability, Field(description="probability of sensor noise")] = 0.2
    noise_levels: Annotated[
        float, Field(ge=0, le=128, description="largest standard deviation of the noise, gray levels")
    ] = 10

    @model_validator(mode="before")
    @classmethod
    def _from_recipe(cls, data: Any) -> Any:
        """Fill in the settings of the recipe. An unknown name is left for the field's own validation to refuse."""
        if not isinstance(data, dict) or not isinstance(data.get("recipe"), list | tuple):
            return data
        names = [name for name in data["recipe"] if isinstance(name, str)]
        if not names:
            return data
        settings: dict[str, Any] = dict(_OFF)
        for name in names:
            settings |= _RECIPES.get(name, {})
        zooms = [_ZOOMS[name] for name in names if name in _ZOOMS]
        if zooms:
            settings["zoom_range"] = (min(zooms), max(zooms))
        return settings | data

    @model_validator(mode="after")
    def _usable(self) -> Self:
        for name in ("zoom_range", "saturation_range"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name} {low:g} to {high:g} is the wrong way round")
        if self.blur_px % 2 == 0:
            raise ValueError(f"blur_px is {self.blur_px}; use an odd number, so that blur moves nothing")
        return self


class AugmentSettings(ViewSettings):
    """Settings of augmentation. It is applied to training images only; an epoch shows one or more views of each."""

    views: Annotated[
        tuple[ViewSettings, ...],
        Field(
            description="views that an epoch shows of each image; empty: one view, with the other settings of augment"
        ),
    ] = ()
