"""What a problem is: the things to find, how they relate, and the size at which the network looks at them."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Strict(BaseModel):
    """Base of every settings model: unknown keys are errors and values do not change after validation."""

    model_config = ConfigDict(extra="forbid", frozen=True)


PAD_VALUE = 128
"""Value in every channel of what surrounds an image in the input: mid-gray, what normalisation makes 0."""


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


class Problem(Strict):
    """One thing to learn: its keypoints and their relations, its classes, or both.

    Order matters: index k of every array with a keypoint axis is `keypoints[k]`, and class c is `classes[c]`.
    """

    keypoints: Annotated[tuple[str, ...], Field(description="names, in the order of every array")] = ()
    classes: Annotated[tuple[str, ...], Field(description="what an instance may be; none: nothing is told apart")] = ()
    several: Annotated[
        bool, Field(description="an image shows any number of instances, and all of them are looked for (`detector`)")
    ] = False
    flip_pairs: Annotated[
        tuple[tuple[str, str], ...], Field(description="names that change places when the image is mirrored")
    ] = ()
    skeleton: Annotated[tuple[tuple[str, str], ...], Field(description="lines to draw between keypoints")] = ()
    sigmas: Annotated[
        tuple[Annotated[float, Field(gt=0)], ...] | Annotated[float, Field(gt=0)],
        Field(description="COCO's per-keypoint falloff for OKS, one for all or one each"),
    ] = 0.05
    category: Annotated[str, Field(description="COCO category name of one instance")] = "object"
    input: InputSize = InputSize()

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        if not self.keypoints and not self.classes:
            raise ValueError("there is nothing to learn: name keypoints, classes, or both")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("classes has a name twice")
        if len(self.classes) == 1 and not self.several:
            raise ValueError("classes has one name only; give at least two, or none")
        known = set(self.keypoints)
        if len(known) != len(self.keypoints):
            raise ValueError("keypoints has a name twice")
        for field, pairs in (("flip_pairs", self.flip_pairs), ("skeleton", self.skeleton)):
            for name in (n for pair in pairs for n in pair):
                if name not in known:
                    raise ValueError(f"{field} names {name!r}, which is not one of keypoints {list(self.keypoints)}")
        swapped = [n for pair in self.flip_pairs for n in pair]
        if len(set(swapped)) != len(swapped):
            raise ValueError("flip_pairs has a name twice")
        if isinstance(self.sigmas, tuple) and len(self.sigmas) != len(self.keypoints):
            raise ValueError(f"sigmas has {len(self.sigmas)} values for {len(self.keypoints)} keypoints")
        return self

    @property
    def flip_order(self) -> list[int]:
        """Index of the keypoint that takes each one's place in a mirrored image, length K."""
        partner = {a: b for pair in self.flip_pairs for a, b in (pair, pair[::-1])}
        return [self.keypoints.index(partner.get(name, name)) for name in self.keypoints]

    @property
    def kinds(self) -> tuple[str, ...]:
        """What an instance may be, COCO's categories: the classes, or the one category where there are none."""
        return self.classes or (self.category,)

    @property
    def sigma_list(self) -> list[float]:
        """COCO OKS falloffs, length K."""
        return list(self.sigmas) if isinstance(self.sigmas, tuple) else [self.sigmas] * len(self.keypoints)
