"""Settings of the collect stage."""

from pathlib import PureWindowsPath
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from heelstrike.settings import Strict
from heelstrike.units import MM_PER_INCH
from pipeline.collect.subject_setting import DESCRIPTION, UNSTATED, Subject
from pipeline.synthetic.settings import SyntheticSource

MissingImages = Annotated[
    Literal["error", "skip"],
    Field(description="if the image or video of a label is missing: stop, or leave the label out and list it"),
]


class FileSource(Strict):
    """Settings that all sources of files share: the person who is shown, points at (0, 0), and the size of the pixels.

    Without `mm_per_px` and `dpi`, the size comes from the file of a medical image and is unknown for any other image.
    """

    kind: str
    subject: Annotated[Subject | None, Field(description=UNSTATED)] = None
    zero_points: Annotated[
        Literal["error", "missing", "keep"],
        Field(
            description="points at exactly (0, 0), which many programs write for a point that is not labelled: stop, "
            "read them as not labelled, or keep them as points"
        ),
    ] = "error"
    mm_per_px: Annotated[float | None, Field(gt=0, description="side of a pixel in millimetres, for all images")] = None
    dpi: Annotated[float | None, Field(gt=0, description="size of a pixel as dots per inch, for scanned paper")] = None

    @field_validator("labels", check_fields=False)
    @classmethod
    def _is_below_the_data(cls, pattern: str) -> str:
        if PureWindowsPath(pattern).anchor or ".." in PureWindowsPath(pattern).parts:
            raise ValueError(
                "expected a pattern below data/raw/PROBLEM, without `..` and without a leading slash or drive"
            )
        return pattern

    @model_validator(mode="after")
    def _one_scale(self) -> Self:
        if self.mm_per_px is not None and self.dpi is not None:
            raise ValueError("mm_per_px and dpi both state the size of a pixel; give only one of them")
        return self

    @property
    def pixel_mm(self) -> float:
        """Side of a pixel in millimetres; NaN if the settings do not state it."""
        if self.dpi is not None:
            return MM_PER_INCH / self.dpi
        return float("nan") if self.mm_per_px is None else self.mm_per_px


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


class DeepLabCutSource(FileSource):
    """DeepLabCut or lightning-pose labels (CSV with a multi-row header, or HDF5); images relative to the project."""

    kind: Literal["deeplabcut"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/CollectedData*.csv"
    bodyparts: Annotated[dict[str, str], Field(description="keypoint: body part in the file, where they differ")] = {}
    subject: Annotated[Subject | None, Field(description=UNSTATED)] = "folder"
    missing_images: MissingImages = "error"


class CocoSource(FileSource):
    """COCO JSON of keypoints."""

    kind: Literal["coco"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/*.json"
    images: Annotated[str, Field(description="image folder, relative to the JSON")] = "."
    keypoints: Annotated[dict[str, str], Field(description="keypoint: name in the file, where they differ")] = {}
    missing_images: MissingImages = "error"


class CocoBoxesSource(FileSource):
    """COCO JSON of boxes with categories, any number in an image."""

    kind: Literal["coco_boxes"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/*.json"
    images: Annotated[str, Field(description="image folder, relative to the JSON")] = "."
    format: Annotated[
        Literal["xywh", "xyxy"], Field(description="numbers of `bbox`: COCO's x, y, width, height; or two corners")
    ] = "xywh"
    classes: Annotated[dict[str, str], Field(description="class: name of the category, where they differ")] = {}
    missing_images: MissingImages = "error"


class LabelStudioSource(FileSource):
    """Label Studio exports: a folder for each contributor, with its JSON and its images.

    Pictures are renamed CONTRIBUTOR_FILE. Folders whose name contains a word of `exclude` are left out.
    """

    kind: Literal["label_studio"]
    subject: Annotated[
        Subject | None, Field(description=f"{DESCRIPTION}; null: the contributor, by the folder of the JSON")
    ] = None
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/*.json"
    exclude: Annotated[
        tuple[str, ...], Field(description="words in the names of folders to leave out, in any case")
    ] = (
        "consensus",
        "sample",
    )
    images: Annotated[str, Field(description="image folder, relative to the JSON")] = "."
    keypoints: Annotated[dict[str, str], Field(description="keypoint: name in the file, where they differ")] = {}
    classes: Annotated[dict[str, str], Field(description="class: name in the file, where they differ")] = {}


class Ee641Source(FileSource):
    """Keypoints of the EE641 course: NAME_annotations.json beside a folder NAME; NAME becomes the slice `part`."""

    kind: Literal["ee641"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/*_annotations.json"
    images: Annotated[str | None, Field(description="image folder, relative to the JSON; null: the folder NAME")] = None
    keypoints: Annotated[dict[str, str], Field(description="keypoint: name in the file, where they differ")] = {}
    missing_images: MissingImages = "error"


class ViaSource(FileSource):
    """VGG Image Annotator 1 and 2: JSON and CSV exports and projects; only regions that are points are read."""

    kind: Literal["via"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/via*.json"
    images: Annotated[str, Field(description="image folder, relative to the label file")] = "."
    name: Annotated[
        str | None,
        Field(description="region attribute that names the point; null: an image's points are the keypoints in order"),
    ] = "landmark"
    keypoints: Annotated[dict[str, str], Field(description="keypoint: value of that attribute, where they differ")] = {}
    instance: Annotated[
        str | None,
        Field(
            description="region attribute that tells the instances of an image apart; null: an image has one instance"
        ),
    ] = None
    slices: Annotated[tuple[str, ...], Field(description="file or region attributes that become slices")] = ()
    same_files: Annotated[
        bool,
        Field(description="refuse an image whose file has another size in bytes than the label file states"),
    ] = True
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


class LabelMeSource(FileSource):
    """LabelMe: a JSON for each image; only shapes that are points are read."""

    kind: Literal["labelme"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/*.json"
    keypoints: Annotated[dict[str, str], Field(description="keypoint: label in the file, where they differ")] = {}
    slices: Annotated[
        tuple[str, ...], Field(description="flags of the image or keys of the file that become slices")
    ] = ()
    missing_images: MissingImages = "error"


class CvatSource(FileSource):
    """CVAT XML 1.1, for images or for video: points and skeletons."""

    kind: Literal["cvat"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/*.xml"
    images: Annotated[
        str, Field(description="folder of the images or the video, relative to the XML; `images` in it is searched too")
    ] = "."
    keypoints: Annotated[dict[str, str], Field(description="keypoint: label in the file, where they differ")] = {}
    skeleton: Annotated[
        str | None, Field(description="label of the skeletons that are read; null: all, and single points")
    ] = None
    interpolated: Annotated[
        bool, Field(description="also read frames that CVAT interpolated between two keyframes of a track")
    ] = False
    slices: Annotated[tuple[str, ...], Field(description="attributes that become slices")] = ()
    missing_images: MissingImages = "error"


class SleapSource(FileSource):
    """SLEAP projects (.slp); images that are embedded in the file are not read."""

    kind: Literal["sleap"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/*.slp"
    videos: Annotated[
        str, Field(description="folder of the videos, relative to the file, where the stated paths do not exist")
    ] = "."
    keypoints: Annotated[dict[str, str], Field(description="keypoint: node in the file, where they differ")] = {}
    predicted: Annotated[
        bool, Field(description="also read instances that SLEAP predicted and nobody has corrected")
    ] = False
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


class YoloPoseSource(FileSource):
    """YOLO pose: a YAML that names the folders of images, and a text file of labels for each image."""

    kind: Literal["yolo_pose"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/data.yaml"
    names: Annotated[
        tuple[str, ...],
        Field(
            description="names of the file's keypoints in their order; empty: `kpt_names` of the YAML, otherwise the "
            "problem's keypoints in their order"
        ),
    ] = ()
    keypoints: Annotated[dict[str, str], Field(description="keypoint: name in the file, where they differ")] = {}
    category: Annotated[str | None, Field(description="class whose instances are read; null: all")] = None
    slices: Annotated[
        tuple[Literal["split", "class"], ...], Field(description="`split` (train, val or test) or `class` as slices")
    ] = ()
    missing_images: MissingImages = "error"


Source = Annotated[
    SyntheticSource
    | CsvSource
    | DeepLabCutSource
    | CocoSource
    | CocoBoxesSource
    | LabelStudioSource
    | Ee641Source
    | ViaSource
    | LandmarksSource
    | LabelMeSource
    | CvatSource
    | SleapSource
    | LightningPoseSource
    | YoloPoseSource,
    Field(discriminator="kind"),
]


class CollectSettings(Strict):
    """Sources of labels and images, and the margin of the boxes around the keypoints."""

    sources: Annotated[tuple[Source, ...], Field(min_length=1, description="sources of labels and images")]
    box_buffer_px: Annotated[
        float,
        Field(ge=0, description="margin of the box around the keypoints, pixels; the box is clipped to the image"),
    ] = 80
    strict: Annotated[
        bool,
        Field(
            description="stop if anything is left out: labels, columns with too many values for a slice, files that no "
            "source reads, images and videos that no label names; otherwise they are counted and listed"
        ),
    ] = False
    repeated_pictures: Annotated[
        Literal["error", "keep"],
        Field(
            description="if the same pixels are labelled under two names: stop, or train on both, for instance for "
            "frames of a recording that stands still"
        ),
    ] = "error"
