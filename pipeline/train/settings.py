"""Settings of training."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.problem import Strict


class Step(Strict):
    """One step of a multi-step training: which heads learn, for how long."""

    heads: Annotated[tuple[Literal["box", "keypoints"], ...], Field(min_length=1)]
    epochs: Annotated[int, Field(ge=1)]
    backbone: Annotated[bool, Field(description="whether the shared layers learn too")] = True


class TrainSettings(Strict):
    """Optimizer AdamW; the step list is trained in order, each from the best weights of the one before."""

    steps: Annotated[tuple[Step, ...], Field(min_length=1)] = (Step(heads=("box", "keypoints"), epochs=30),)
    batch_size: Annotated[int, Field(ge=2)] = 16
    lr: Annotated[float, Field(gt=0, description="highest learning rate")] = 2e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    schedule: Literal["one_cycle", "plateau", "constant"] = "one_cycle"
    warmup: Annotated[float, Field(gt=0, lt=1, description="share of one_cycle in which the rate rises")] = 0.15
    plateau_factor: Annotated[float, Field(gt=0, lt=1)] = 0.1
    plateau_patience: Annotated[int, Field(ge=0, description="epochs without a better validation score")] = 4
    box_weight: Annotated[float, Field(ge=0, description="weight of the box head's loss when heads learn together")] = (
        0.1
    )
    presence_weight: Annotated[float, Field(ge=0, description="weight of telling visible from missing points")] = 0.3
    gradient_clip: Annotated[float, Field(ge=0, description="largest gradient norm; 0 for no limit")] = 1.0
    precision: Annotated[
        Literal["auto", "32", "bf16", "16"],
        Field(description="auto: mixed where the device computes it natively, else 32"),
    ] = "auto"
    threads: Annotated[int, Field(ge=0, description="CPU threads; 0 leaves it to torch")] = 0
    workers: Annotated[int, Field(ge=0, description="processes that read and augment ahead; 0: in between")] = 0
    seed: Annotated[int, Field(ge=0)] = 1
