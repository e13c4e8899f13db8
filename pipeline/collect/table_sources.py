"""Settings of the sources whose label files are tables: CSV, and the tables of DeepLabCut and lightning-pose."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.collect.file_source import FileSource, MissingImages
from pipeline.collect.subject_setting import UNSTATED, Subject


class CsvSource(FileSource):
    """A CSV with a row per labelled frame, whose columns are named here. Paths are relative to the CSV's folder."""

    kind: Literal["csv"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/labels.csv"
    file: Annotated[str, Field(description="column: video or image file")] = "video"
    frame: Annotated[str | None, Field(description="column: frame number from 0; null if there are only images")] = (
        "frame"
    )
    subject: Annotated[Subject | None, Field(description=UNSTATED)] = "subject"
    keypoints: Annotated[
        dict[str, tuple[str, str]], Field(description="keypoint: [x column, y column]; default NAME_x, NAME_y")
    ] = {}
    class_column: Annotated[str, Field(description="column: class of the instance, where the problem has classes")] = (
        "class"
    )
    spacing: Annotated[
        str, Field(description="column: side of a pixel in mm; if absent or empty, mm_per_px and dpi apply")
    ] = "mm_per_px"
    image_width: Annotated[
        str, Field(description="column: width of the image that was labelled, pixels; if absent or empty, as the file")
    ] = "image_width"
    image_height: Annotated[
        str, Field(description="column: height of the image that was labelled, pixels; if absent or empty, as the file")
    ] = "image_height"
    slices: Annotated[
        tuple[str, ...] | None, Field(description="columns that become evaluation slices; null: all other columns")
    ] = None
    missing_images: MissingImages = "error"


class LandmarksSource(FileSource):
    """A CSV with a row per point, whose columns are named here; more than one person may have labelled an image."""

    kind: Literal["landmarks"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/labels.csv"
    images: Annotated[str, Field(description="image folder, relative to the CSV")] = "."
    file: Annotated[str, Field(description="column: image file")] = "image"
    landmark: Annotated[str, Field(description="column: name or number of the landmark")] = "landmark"
    x: Annotated[str, Field(description="column: x in pixels")] = "x"
    y: Annotated[str, Field(description="column: y in pixels")] = "y"
    prefix: Annotated[str, Field(description="prefix of a keypoint's name before the landmark's name or number")] = ""
    keypoints: Annotated[dict[str, str], Field(description="keypoint: landmark in the file, where they differ")] = {}
    annotator: Annotated[str | None, Field(description="column: who labelled; null: one person labelled all")] = None
    annotators: Annotated[tuple[str, ...], Field(description="people whose labels are used; empty: everybody")] = ()
    combine: Annotated[
        Literal["mean", "separate"],
        Field(
            description="where labels of more people exist: use their mean, or each person's as a separate ground truth"
        ),
    ] = "mean"
    observers: Annotated[
        tuple[str, ...],
        Field(description="people whose mutual distance is reported beside the model's error; empty: `annotators`"),
    ] = ()
    exam: Annotated[
        str | None, Field(description="column: exam, whose images are measured together; null: all images of a subject")
    ] = None
    instance: Annotated[
        str | None, Field(description="column: identifies the instance; null: an image has one instance")
    ] = None
    spacing: Annotated[
        str, Field(description="column: side of a pixel in mm; if absent or empty, mm_per_px and dpi apply")
    ] = "mm_per_px"
    image_width: Annotated[
        str, Field(description="column: width of the image that was labelled, pixels; if absent or empty, as the file")
    ] = "image_width"
    image_height: Annotated[
        str, Field(description="column: height of the image that was labelled, pixels; if absent or empty, as the file")
    ] = "image_height"
    slices: Annotated[tuple[str, ...], Field(description="columns that become evaluation slices")] = ()
    missing_images: MissingImages = "error"

    @model_validator(mode="after")
    def _people_are_named(self) -> Self:
        if self.annotator is None and (self.annotators or self.observers):
            raise ValueError("annotators and observers need `annotator`, the column that says who labelled")
        return self


class DeepLabCutSource(FileSource):
    """DeepLabCut or lightning-pose labels (CSV with a multi-row header, or HDF5); images relative to the project."""

    kind: Literal["deeplabcut"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/CollectedData*.csv"
    bodyparts: Annotated[dict[str, str], Field(description="keypoint: body part in the file, where they differ")] = {}
    subject: Annotated[Subject | None, Field(description=UNSTATED)] = "folder"
    missing_images: MissingImages = "error"


class LightningPoseSource(FileSource):
    """Predictions of lightning-pose or DeepLabCut: a CSV for each video, with a row for each frame."""

    kind: Literal["lightning_pose"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/video_preds/*.csv"
    videos: Annotated[
        str,
        Field(description="folder of the videos or images, relative to the CSV; the folders above are searched too"),
    ] = "."
    bodyparts: Annotated[dict[str, str], Field(description="keypoint: body part in the file, where they differ")] = {}
    min_likelihood: Annotated[
        float, Field(ge=0, le=1, description="points with a lower likelihood count as not labelled")
    ] = 0.9
    missing_images: MissingImages = "error"
