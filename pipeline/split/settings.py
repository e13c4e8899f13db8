"""Settings of the split stage."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from heelstrike.settings import Strict
from pipeline.splits import TEST, TRAIN, VAL, Split


class GivenSplit(Strict):
    """A slice of the data that states the split of each subject, as some published data sets do."""

    slice: Annotated[str, Field(description="name of the slice, for instance `part`")]
    splits: Annotated[
        dict[str, Split],
        Field(min_length=1, description="value of the slice: split; the shares decide for other values"),
    ]


class SplitSettings(Strict):
    """Shares of the validation and test splits; the other subjects are for training."""

    val: Annotated[float, Field(gt=0, lt=1, description="share of the validation split")] = 0.15
    test: Annotated[float, Field(gt=0, lt=1, description="share of the test split")] = 0.2
    stratify: Annotated[str | None, Field(description="slice whose values are spread evenly over the splits")] = None
    by_class: Annotated[
        bool, Field(description="spread every class evenly over the splits; subjects stay together")
    ] = False
    tolerance: Annotated[
        float, Field(gt=0, lt=1, description="by_class: largest error of a class's share of a split")
    ] = 0.05
    folds: Annotated[int, Field(ge=0, description="number of cross-validation folds to write; 0: no folds")] = 0
    given: Annotated[
        GivenSplit | None,
        Field(description="splits that the data set states; null: the shares decide for all subjects"),
    ] = None
    near_duplicate_bits: Annotated[
        Annotated[int, Field(ge=0, le=64)] | None,
        Field(
            description="images whose perceptual hashes differ by at most this many bits count as one; null: hashes "
            "are not compared, for drawn images that look alike by chance"
        ),
    ] = 2
    seed: Annotated[int, Field(ge=0, description="seed of the random assignment of subjects")] = 1

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
            raise ValueError("folds is 1; use 0 for no folds, or at least 2")
        return self
