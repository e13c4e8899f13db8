"""Settings of preprocessing: filters, mirroring and input size."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from heelstrike.settings import Strict


class Grayscale(Strict):
    """Gray in all three channels."""


class Invert(Strict):
    """The negative: dark ink on white paper becomes bright on black."""


class Clahe(Strict):
    """Contrast-limited adaptive histogram equalization of the lightness."""

    clip_limit: Annotated[float, Field(gt=0, le=40)] = 2.0
    tiles: Annotated[int, Field(ge=1, le=64, description="tiles in x and in y")] = 8


class HistogramEqualization(Strict):
    """Histogram equalization of the lightness."""


class NoiseReduction(Strict):
    """Smoothing; bilateral keeps edges."""

    kind: Literal["gaussian", "bilateral"] = "gaussian"
    sigma: Annotated[float, Field(gt=0, le=20, description="pixels of the original image")] = 1.0
    colour_sigma: Annotated[float, Field(gt=0, le=255, description="bilateral only: gray levels")] = 30.0


class EdgeEnhance(Strict):
    """Unsharp mask: the image plus `amount` times its difference from a blurred copy."""

    amount: Annotated[float, Field(gt=0, le=10)] = 1.0
    sigma: Annotated[float, Field(gt=0, le=20, description="pixels of the original image")] = 2.0


class Canny(Strict):
    """Canny edges, white: alone on black, or over the image's colours."""

    low: Annotated[float, Field(ge=0, le=1000)] = 50
    high: Annotated[float, Field(ge=0, le=1000)] = 150
    over_colour: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}")
        return self


class BackgroundSubtraction(Strict):
    """Background subtraction: pixels where nothing moves become black, by a Gaussian mixture over the preceding frames.

    For videos only. It is unreliable in the first frames, and a person who stands still for `history` frames becomes
    background.
    """

    history: Annotated[int, Field(ge=1, description="number of frames that influence the background, about")] = 500
    threshold: Annotated[
        float,
        Field(
            gt=0, description="squared distance from the background, in variances, above which a pixel is foreground"
        ),
    ] = 16.0


FILTER_OPTIONS: dict[str, type[Strict]] = {
    "grayscale": Grayscale,
    "invert": Invert,
    "clahe": Clahe,
    "histogram_equalization": HistogramEqualization,
    "noise_reduction": NoiseReduction,
    "edge_enhance": EdgeEnhance,
    "canny": Canny,
    "background_subtraction": BackgroundSubtraction,
}
"""Options of each filter; the function of the same name is in heelstrike/preprocess/filters.py."""


class Filter(Strict):
    """One image filter of heelstrike/preprocess/filters.py, applied at the image's own resolution."""

    name: str
    options: dict[str, Any] = {}

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.name not in FILTER_OPTIONS:
            raise ValueError(f"no filter is called {self.name!r}; there are {', '.join(FILTER_OPTIONS)}")
        try:
            self.checked_options()
        except ValidationError as error:
            findings = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'options'}: {e['msg']}" for e in error.errors())
            known = ", ".join(FILTER_OPTIONS[self.name].model_fields) or "none"
            raise ValueError(f"options of {self.name}: {findings} (its options: {known})") from None
        return self

    def checked_options(self) -> Strict:
        """Return the validated options, with defaults."""
        return FILTER_OPTIONS[self.name].model_validate(self.options)


OF_VIDEOS = frozenset({"background_subtraction"})
"""Filters whose result for a frame depends on the preceding frames."""


def needs_video(filters: Sequence[Filter]) -> bool:
    """Return True if the result for a frame depends on the preceding frames."""
    return any(each.name in OF_VIDEOS for each in filters)


class Mirror(Strict):
    """Mirrors the images of one side, so that the network sees only the other side: left feet look like right ones.

    Keypoints keep their anatomical names. Predictions are mirrored back, so labels, errors and results are in pixels of
    the image as it was taken. The setting is in the package, so the consumer has to say which images are of that side
    (`heelstrike predict --about foot=left`).
    """

    slice: Annotated[str, Field(description="evaluation slice that states the side, for instance `foot`")]
    value: Annotated[str, Field(description="value of the slice for the images to mirror, for instance `left`")]

    def applies(self, slices: Mapping[str, str]) -> bool:
        """Return True if an image of these slices is mirrored."""
        return slices.get(self.slice) == self.value


PAD_VALUE = 128
"""Value of the bars around an image in the input, in every channel: mid-gray, which normalisation maps to 0."""


class Zoom(Strict):
    """How a consumer looks for keypoints that are small in the image, and when it believes what it has found.

    The network answers on a square part of the image in which the keypoints have the size that it knows best
    (heelstrike/package/zoom.py).
    """

    fill: Annotated[
        float,
        Field(gt=0.1, lt=1, description="share of the part's side that the keypoints take, in height or width"),
    ] = 0.43
    min_confidence: Annotated[
        float,
        Field(ge=0, le=1, description="geometric mean of the confidences below which an image is not measured"),
    ] = 0.9
    sure: Annotated[
        float,
        Field(ge=0, le=1, description="lowest confidence of a keypoint above which one look at an image is enough"),
    ] = 0.9
    max_disagreement: Annotated[
        float,
        Field(gt=0, lt=1, description="largest distance of a keypoint in two looks, as a share of their size"),
    ] = 0.06
    patient: Annotated[
        Literal["largest", "most_central", "most_certain"],
        Field(description="who is measured if several people are in view, among those whose keypoints are all found"),
    ] = "largest"
    min_distance: Annotated[
        float,
        Field(ge=0, lt=1, description="two keypoints that are nearer are one marker, as a share of their size"),
    ] = 0.05


class InputSize(Strict):
    """The network's input, in pixels. Images are scaled to fit and padded (letterboxed), never stretched."""

    width: Annotated[int, Field(ge=32, le=4096)] = 256
    height: Annotated[int, Field(ge=32, le=4096)] = 256
    channels: Annotated[int, Field(ge=1, le=3, description="3 is RGB, 1 is gray")] = 3

    @model_validator(mode="after")
    def _gray_or_rgb(self) -> Self:
        if self.channels == 2:
            raise ValueError("channels is 2; use 1 (gray) or 3 (RGB)")
        return self
