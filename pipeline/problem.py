"""The definition of a problem: its keypoints and classes, their relations, and the size of the network's input."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from heelstrike.preprocess.mirror import flip_order
from heelstrike.preprocess.settings import InputSize
from heelstrike.settings import Strict
from pipeline.names import KeypointName, Label, Name, same_names, side_pairs


class Problem(Strict):
    """One problem to learn: its keypoints and their relations, its classes, or both.

    The order matters: index k of every array with a keypoint axis is `keypoints[k]`, and class c is `classes[c]`.
    """

    keypoints: Annotated[
        tuple[KeypointName, ...], Field(description="names of the keypoints, in the order of every array")
    ] = ()
    classes: Annotated[
        tuple[Name, ...], Field(description="classes of an instance; empty: all instances are of one category")
    ] = ()
    multi_instance: Annotated[
        bool,
        Field(description="an image may show any number of instances; all are detected (needs `detector`)"),
    ] = False
    flip_pairs: Annotated[
        tuple[tuple[Name, Name], ...],
        Field(description="pairs of keypoints that change places when the image is mirrored"),
    ] = ()
    skeleton: Annotated[tuple[tuple[Name, Name], ...], Field(description="lines to draw between keypoints")] = ()
    sigmas: Annotated[
        tuple[Annotated[float, Field(gt=0)], ...] | Annotated[float, Field(gt=0)],
        Field(description="COCO's sigma of each keypoint for OKS: one value for all, or one for each"),
    ] = 0.05
    category: Annotated[Label, Field(description="COCO category name of one instance")] = "object"
    input: Annotated[InputSize, Field(description="size of the network's input")] = InputSize()

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        if not self.keypoints and not self.classes:
            raise ValueError("there is nothing to learn; name keypoints, classes, or both")
        for twice in same_names(self.keypoints):
            raise ValueError(f"keypoints has a name twice: {twice}; upper and lower case do not tell names apart")
        for twice in same_names(self.classes):
            raise ValueError(f"classes has a name twice: {twice}; upper and lower case do not tell names apart")
        if len(self.classes) == 1 and not self.multi_instance:
            raise ValueError("classes has only one name; give at least two, or leave it empty")
        known = set(self.keypoints)
        for field, pairs in (("flip_pairs", self.flip_pairs), ("skeleton", self.skeleton)):
            for name in (n for pair in pairs for n in pair):
                if name not in known:
                    raise ValueError(f"{field} names {name!r}, which is not one of keypoints {list(self.keypoints)}")
        for a, b in self.flip_pairs:
            partners = [pair for pair in side_pairs(self.keypoints) if a in pair or b in pair]
            if a == b:
                raise ValueError(f"flip_pairs pairs {a!r} with itself; leave points in the middle out")
            if partners and (a, b) not in partners and (b, a) not in partners:
                raise ValueError(f"flip_pairs pairs {a!r} with {b!r}, but by their names {partners} belong together")
        swapped = [n for pair in self.flip_pairs for n in pair]
        if len(set(swapped)) != len(swapped):
            raise ValueError("flip_pairs has a name twice")
        if isinstance(self.sigmas, tuple) and len(self.sigmas) != len(self.keypoints):
            raise ValueError(f"sigmas has {len(self.sigmas)} values for {len(self.keypoints)} keypoints")
        return self

    @property
    def flip_order(self) -> list[int]:
        """Index of the keypoint that takes the place of each keypoint in a mirrored image, length K."""
        return flip_order(self.keypoints, self.flip_pairs)

    @property
    def categories(self) -> tuple[str, ...]:
        """COCO's categories of an instance: the classes, or the single category if there are no classes."""
        return self.classes or (self.category,)

    @property
    def sigma_list(self) -> list[float]:
        """COCO's sigma of each keypoint for OKS, length K."""
        return list(self.sigmas) if isinstance(self.sigmas, tuple) else [self.sigmas] * len(self.keypoints)
