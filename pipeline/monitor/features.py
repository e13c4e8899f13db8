"""What is compared: every number of a record that may drift, by name, with words for a person."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from heelstrike.monitor.wire import InputRecord

GROUPS = ("picture", "format", "markers", "geometry", "camera", "confidence", "uncertainty")
"""Groups of features that one cause moves together; the features of a group are also tested as one."""


@dataclass(frozen=True)
class Feature:
    """One number of a record.

    Attributes:
        name: Its name in JSON.
        group: One of `GROUPS`.
        words: What it is, for a person.
        of: Returns it from a record; `None` if the record does not have it.
    """

    name: str
    group: str
    words: str
    of: Callable[[InputRecord], float | None]


def _share(part: int | None, record: InputRecord) -> float | None:
    return None if part is None else part / record.frames


_FIXED = (
    Feature("brightness", "picture", "brightness of the picture", lambda r: r.picture.brightness),
    Feature("contrast", "picture", "contrast of the picture", lambda r: r.picture.contrast),
    Feature("sharpness", "picture", "sharpness of the picture", lambda r: r.picture.sharpness),
    Feature("noise", "picture", "noise of the picture", lambda r: r.picture.noise),
    Feature("red", "picture", "redness of the picture (Cr)", lambda r: r.picture.red),
    Feature("blue", "picture", "blueness of the picture (Cb)", lambda r: r.picture.blue),
    Feature("width", "format", "width of the picture, px", lambda r: r.width),
    Feature("height", "format", "height of the picture, px", lambda r: r.height),
    Feature("fps", "format", "frames per second", lambda r: r.fps),
    Feature("marker_brightness", "markers", "brightness of the markers", lambda r: r.marker.brightness),
    Feature("marker_contrast", "markers", "brightness of the markers above the skin's", lambda r: r.marker.contrast),
    Feature("marker_red", "markers", "redness of the markers above the skin's", lambda r: r.marker.red),
    Feature("marker_blue", "markers", "blueness of the markers above the skin's", lambda r: r.marker.blue),
    Feature("span", "geometry", "span of the markers, share of the picture's height", lambda r: r.geometry.span),
    Feature("x", "geometry", "place of the markers across the picture", lambda r: r.geometry.x),
    Feature("y", "geometry", "place of the markers down the picture", lambda r: r.geometry.y),
    Feature("tilt", "geometry", "tilt of the markers, degrees", lambda r: r.geometry.tilt),
    Feature("aspect", "geometry", "width of the markers' arrangement by its span", lambda r: r.geometry.aspect),
    Feature(
        "rise", "camera", "height of the camera above the markers, by the size of a leg", lambda r: r.geometry.rise
    ),
    Feature(
        "foreshortening",
        "camera",
        "share of the shank in a leg, by how far down it is",
        lambda r: r.geometry.foreshortening,
    ),
    Feature("measured", "confidence", "share of frames that are measured", lambda r: _share(r.measured, r)),
    Feature("not_reliable", "confidence", "share of frames that are not reliable", lambda r: _share(r.not_reliable, r)),
    Feature("present", "confidence", "share of markers that are found", lambda r: r.present),
    Feature("confidence_p10", "confidence", "confidence, 10th percentile", lambda r: r.confidence.p10),
    Feature("confidence_p50", "confidence", "confidence, median", lambda r: r.confidence.p50),
    Feature("radius_p50", "uncertainty", "radius by the span, median", lambda r: r.radius.p50),
    Feature("radius_p90", "uncertainty", "radius by the span, 90th percentile", lambda r: r.radius.p90),
    Feature("half_width_p50", "uncertainty", "half-width of the values, median", lambda r: r.half_width.p50),
    Feature(
        "trembling",
        "uncertainty",
        "trembling of the markers from frame to frame by the span",
        lambda r: r.geometry.trembling,
    ),
    Feature("half_width_p90", "uncertainty", "half-width of the values, 90th percentile", lambda r: r.half_width.p90),
)


def features_of(bones: int) -> tuple[Feature, ...]:
    """Return all features of records with this number of bones."""

    def bone(number: int) -> Feature:
        words = f"length of bone {number + 1} of the skeleton by the span"
        return Feature(f"bone_{number + 1}", "geometry", words, lambda record: record.geometry.bones[number])

    return (*_FIXED, *(bone(number) for number in range(bones)))


def table_of(records: list[InputRecord], features: tuple[Feature, ...]) -> Float[np.ndarray, "N F"]:
    """Return the features of records; NaN where a record does not have one."""

    def value(feature: Feature, record: InputRecord) -> float:
        try:
            found = feature.of(record)
        except IndexError:  # fewer bones
            return math.nan
        return math.nan if found is None else float(found)

    return np.array([[value(feature, record) for feature in features] for record in records], np.float64).reshape(
        len(records), len(features)
    )
