"""Settings of the gates: what a challenger must show before it becomes champion."""

from typing import Annotated

from pydantic import Field

from heelstrike.settings import Strict


class GateSettings(Strict):
    """Every gate must pass. Errors are of the packages, on the current test split.

    They are keypoint errors in input pixels and degrees; of a model without keypoints the error of what it finds.
    """

    max_rmse_px: Annotated[float | None, Field(gt=0, description="error floor at the model's input size")] = None
    max_iou_loss_percent: Annotated[
        float | None, Field(gt=0, le=100, description="the same for a model without keypoint head: mean 1 - IoU")
    ] = None
    max_error_percent: Annotated[
        float | None, Field(gt=0, le=100, description="the same for a model that says a class: share of wrong answers")
    ] = None
    max_one_minus_f1_percent: Annotated[
        float | None,
        Field(
            gt=0, le=100, description="the same for a detector: mean 1 - F1 of an image, IoU 0.5, package.confidence"
        ),
    ] = None
    max_angle_deg: Annotated[float | None, Field(gt=0, description="floor of the median measurement error")] = None
    confidence: Annotated[float, Field(gt=0.5, lt=1, description="of the paired bootstrap that it is better")] = 0.95
    max_slice_ratio: Annotated[float, Field(ge=1, description="no slice's error may grow by more than this")] = 1.25
    min_slice_images: Annotated[int, Field(ge=1, description="slices with fewer images are reported, not gated")] = 10
    max_latency_ms: Annotated[float | None, Field(gt=0, description="median of one image, CPU")] = None
