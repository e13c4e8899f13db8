"""Settings of the split stage."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from heelstrike.settings import Strict
from pipeline.splits import TEST, TRAIN, VAL, Split


class GivenSplit(Strict):
    """Subjects whose split a slice of the data says, for instance that of a published set."""

    slice: Annotated[str, Field(description="for instance `part`")]
    splits: Annotated[
        dict[str, Split],
        Field(min_length=1, description="value of the slice: split; subjects with other values are dealt"),
    ]


class SplitSettings(Strict):
    """Shares of the subjects; the rest is for training."""

    val: Annotated[float, Field(gt=0, lt=1)] = 0.15
    test: Annotated[float, Field(gt=0, lt=1)] = 0.2
    stratify: Annotated[str | None, Field(description="slice whose values are spread evenly over the splits")] = None
    by_class: Annotated[
        bool, Field(description="spread every class evenly over the splits, subjects kept together")
    ] = False
    tolerance: Annotated[
        float, Field(gt=0, lt=1, description="by_class: a class's share of a split may be off by this much")
    ] = 0.05
    folds: Annotated[int, Field(ge=0, description="also write so many cross-validation folds; 0 for none")] = 0
    given: Annotated[GivenSplit | None, Field(description="none: all subjects are dealt by the shares")] = None
    near_duplicate_bits: Annotated[
        Annotated[int, Field(ge=0, le=64)] | None,
        Field(
            description="images whose perceptual hashes differ by at most this many bits are one; none: never, for "
            "drawn pictures that look alike by chance"
        ),
    ] = 2
    seed: int = 1

    @property
    def shares(self) -> dict[Split, float]:
        """Share of the images that each split is to have."""
        return {TRAIN: 1 - self.val - self.test, VAL: self.val, TEST: self.test}

    @model_validator(mode="after")
    def _one_demand(self) -> Self:
        if self.by_class and self.stratify is not None:
            raise ValueError(
                f"by_class and stratify ({self.stratify!r}) are both set, but only one of classes and slices can be "
                "spread evenly; remove one of them"
            )
        return self

    @model_validator(mode="after")
    def _something_to_train_on(self) -> Self:
        if self.val + self.test >= 1:
            raise ValueError(f"val {self.val} and test {self.test} leave nothing to train on")
        if self.folds == 1:
            raise ValueError("folds is 1; use 0 for none or at least 2")
        return self
