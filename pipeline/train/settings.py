"""Settings of training."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from heelstrike.settings import Strict
from pipeline.heads import HEADS, USUAL
from pipeline.heads.settings import LossSettings
from pipeline.models.settings import ModelSettings


class ImageNetStart(Strict):
    """ImageNet weights for the encoder or extractor of `model`. They must be in torch's or Hugging Face's cache."""

    name: Literal["imagenet"]


class ModelStart(Strict):
    """The weights of a trained network. The layers of `model` with the same names and shapes get them.

    `heelstrike init-from PROBLEM NAME@champion` fetches the weights and prints this setting.
    """

    name: Literal["model"]
    model: Annotated[str, Field(description="name of the registered model")]
    version: Annotated[
        int | None, Field(ge=1, description="version of the model; null: the network in models/MODEL/train")
    ] = None
    weights: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of weights.safetensors")]

    @property
    def reference(self) -> str:
        """`hand/4`, or `hand` without a version."""
        return self.model if self.version is None else f"{self.model}/{self.version}"


Start = Annotated[ImageNetStart | ModelStart, Field(discriminator="name")]


def _known(head: str) -> str:
    if head not in HEADS:
        raise ValueError(f"there is no head {head!r}; there are {', '.join(HEADS)}")
    return head


class Step(Strict):
    """One step of a multi-step training: the heads that learn, and for how long.

    The length is either `epochs`, or `iterations` with `every`; then `every` updates count as an epoch.
    """

    heads: Annotated[
        tuple[Annotated[str, AfterValidator(_known)], ...],
        Field(min_length=1, description="heads that learn in this step"),
    ]
    epochs: Annotated[int | None, Field(ge=1, description="passes over the training images")] = None
    iterations: Annotated[int | None, Field(ge=1, description="updates of the weights, instead of epochs")] = None
    every: Annotated[int | None, Field(ge=1, description="iterations between validations; divides iterations")] = None
    backbone: Annotated[bool, Field(description="true if the shared layers learn too")] = True
    lr: Annotated[float | None, Field(gt=0, description="highest learning rate of this step; null: train.lr")] = None

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.epochs is not None:
            if self.iterations is not None or self.every is not None:
                raise ValueError("a step has epochs, or iterations and every, not both")
        elif self.iterations is None or self.every is None:
            raise ValueError("a step needs epochs, or iterations and every")
        elif self.iterations % self.every:
            raise ValueError(f"every {self.every} does not divide iterations {self.iterations}")
        return self

    @property
    def rounds(self) -> int:
        """Number of validations and of rows of history: the epochs, or `iterations` / `every`."""
        return self.epochs or (self.iterations or 0) // (self.every or 1)

    def shortened(self, rounds: int) -> "Step":
        """Return the step with another number of rounds."""
        if self.every is None:
            return self.model_copy(update={"epochs": rounds})
        return self.model_copy(update={"iterations": rounds * self.every})


class TemporalSettings(Strict):
    """A temporal model on top of the network: it corrects a frame of a video by the frames around it.

    It learns from videos of which successive frames are labelled (docs/models.md). It is used only if it pays: see
    `margin`.
    """

    network: Annotated[Literal["Transformer", "LSTM"], Field(description="architecture")] = "Transformer"
    window: Annotated[int, Field(ge=5, le=63, description="frames of a window, odd; the middle one is corrected")] = 9
    width: Annotated[int, Field(ge=4, multiple_of=4, description="width of the hidden layers")] = 64
    epochs: Annotated[int, Field(ge=1, description="passes over the windows")] = 20
    batch_size: Annotated[int, Field(ge=1, description="windows of a batch")] = 128
    lr: Annotated[float, Field(gt=0, description="highest learning rate")] = 2e-3
    weight_decay: Annotated[float, Field(ge=0, description="weight decay")] = 1e-3
    disturbed: Annotated[
        int, Field(ge=1, description="disturbed copies of each video: patches over keypoints, blur, dark, lost frames")
    ] = 2
    confidence: Annotated[
        float, Field(gt=0, le=1, description="a keypoint of lower confidence does not count in a window")
    ] = 0.5
    fill: Annotated[
        float,
        Field(
            gt=0,
            description="a missing keypoint is answered if its radius is at most this share of the size of the "
            "keypoints' arrangement",
        ),
    ] = 0.03
    margin: Annotated[
        float,
        Field(
            ge=0,
            description="the package keeps the model if, on test videos, error and trembling are at most this share "
            "higher than per frame, and if it helps with disturbed videos",
        ),
    ] = 0.05

    @model_validator(mode="after")
    def _odd(self) -> Self:
        if self.window % 2 == 0:
            raise ValueError(f"window {self.window} has no middle frame; give an odd number")
        return self


class TrainSettings(Strict):
    """Settings of a training. Its steps are trained in order, each from the best weights of the step before."""

    init_from: Annotated[Start | None, Field(description="pretrained weights; null: random weights")] = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1, description="steps of the training, in order")] = (
        Step(heads=USUAL, epochs=30),
    )
    batch_size: Annotated[int, Field(ge=2, description="images of a batch")] = 16
    accumulate: Annotated[
        int, Field(ge=1, description="batches whose gradients make one update, as if they were one larger batch")
    ] = 1
    optimizer: Annotated[
        Literal["adamw", "adam", "muon"],
        Field(description="optimizer of the weights; muon: that of convolutions, adamw of everything else"),
    ] = "adamw"
    lr: Annotated[float, Field(gt=0, description="highest learning rate")] = 2e-3
    weight_decay: Annotated[
        float, Field(ge=0, description="weight decay, except of normalisation layers and biases")
    ] = 1e-4
    schedule: Annotated[
        Literal["one_cycle", "plateau", "step", "cosine", "constant"],
        Field(description="schedule of the learning rate; it restarts in each step (pipeline/train/schedules.py)"),
    ] = "one_cycle"
    warmup: Annotated[float, Field(gt=0, lt=1, description="one_cycle: share of the step in which the rate rises")] = (
        0.15
    )
    plateau_factor: Annotated[float, Field(gt=0, lt=1, description="plateau: factor of each reduction of the rate")] = (
        0.1
    )
    plateau_patience: Annotated[
        int, Field(ge=0, description="plateau: epochs without a better validation score before a reduction")
    ] = 4
    plateau_threshold: Annotated[
        float, Field(ge=0, lt=1, description="plateau: share by which a score must be lower to count as better")
    ] = 1e-4
    step_epochs: Annotated[int, Field(ge=1, description="step: epochs between two reductions")] = 5
    step_gamma: Annotated[float, Field(gt=0, le=1, description="step: factor of each reduction")] = 0.8
    early_stopping: Annotated[
        int, Field(ge=0, description="epochs without a better validation score after which a step ends; 0: never")
    ] = 0
    losses: Annotated[LossSettings, Field(description="loss of each head")] = LossSettings()
    box_weight: Annotated[float, Field(ge=0, description="weight of the box head's loss when heads learn together")] = (
        0.1
    )
    visibility_weight: Annotated[float, Field(ge=0, description="weight of the loss of keypoint visibility")] = 0.3
    visible_within_px: Annotated[
        float | None,
        Field(
            gt=0,
            description="a visible keypoint that is predicted further off, input pixels, is taught as not visible; "
            "null: the confidence is that of visibility alone",
        ),
    ] = None
    class_weights: Annotated[
        Literal["none", "balanced"],
        Field(description="weights of the classes in their loss; balanced: higher the rarer a class is in training"),
    ] = "none"
    label_smoothing: Annotated[
        float, Field(ge=0, lt=1, description="share of each class target that is spread evenly over all classes")
    ] = 0.0
    gradient_clip: Annotated[float, Field(ge=0, description="largest gradient norm; 0: no limit")] = 1.0
    precision: Annotated[
        Literal["auto", "32", "bf16", "16"],
        Field(
            description="auto: mixed precision where it is faster, which is on GPUs, and on CPUs that compute bfloat16 "
            "unless batches are tiny or convolutions depthwise; else 32"
        ),
    ] = "auto"
    parts: Annotated[
        int,
        Field(
            ge=1,
            le=64,
            description="parts of a batch that are computed at the same time, each by a thread of its own; batch "
            "normalisation is over a part, so losses depend on this number, but not on the machine's cores",
        ),
    ] = 1
    threads: Annotated[
        int,
        Field(
            ge=0, le=1024, description="CPU threads of each part; 0: by the work of a batch, at most one for each core"
        ),
    ] = 0
    workers: Annotated[
        int,
        Field(ge=0, description="processes that read and augment images in advance; 0: the training process does it"),
    ] = 0
    seed: Annotated[int, Field(ge=0, lt=2**32, description="seed of weights, batches and augmentation")] = 1
    temporal: Annotated[
        TemporalSettings | None, Field(description="a temporal model for videos; null: every frame by itself")
    ] = None

    @model_validator(mode="after")
    def _parts_have_images(self) -> Self:
        if self.batch_size < 2 * self.parts:
            raise ValueError(
                f"batch_size {self.batch_size} is too small for {self.parts} parts; each needs two images for "
                "batch normalisation"
            )
        return self

    def misfit(self, model: ModelSettings) -> str | None:
        """Return the reason why a network cannot be trained with these settings, or `None` if it can."""
        if isinstance(self.init_from, ImageNetStart) and not model.imagenet:
            return (
                f"train.init_from is imagenet, but no part of {model.name!r} is an encoder or extractor with ImageNet "
                "weights; use null, or a model with `encoder` or with a ResNet or MobileNet as backbone"
            )
        return self.losses.misfit(model)
