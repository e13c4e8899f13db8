"""Settings of the collect stage."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.problem import Strict

MissingImages = Annotated[
    Literal["error", "skip"], Field(description="labels whose image or video is not there: stop, or leave out and list")
]


class SyntheticSource(Strict):
    """Rendered videos or pictures with exact labels (pipeline/collect/synthetic)."""

    kind: Literal["synthetic"]
    generator: Annotated[str, Field(description="which generator of pipeline/collect/synthetic")] = "rearfoot"
    subjects: Annotated[
        int, Field(ge=1, description="people with a video or pictures of each; of shapes and stick figures: pictures")
    ] = 90
    frames_per_subject: Annotated[
        int, Field(ge=1, description="labelled frames of a video, evenly spread; pictures of a person")
    ] = 8
    width: Annotated[int, Field(ge=64, multiple_of=2)] = 640
    height: Annotated[int, Field(ge=64, multiple_of=2)] = 480
    seed: int = 1


class CsvSource(Strict):
    """A CSV with a row per labelled frame, its columns named here. Paths are relative to the CSV's folder."""

    kind: Literal["csv"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/labels.csv"
    file: Annotated[str, Field(description="column: video or image file")] = "video"
    frame: Annotated[str | None, Field(description="column: frame number from 0; none for images")] = "frame"
    subject: Annotated[str | None, Field(description="column: person; none: the file is its own subject")] = "subject"
    keypoints: Annotated[
        dict[str, tuple[str, str]], Field(description="keypoint: [x column, y column]; default NAME_x, NAME_y")
    ] = {}
    class_column: Annotated[str, Field(description="column: class of the instance, where the problem has classes")] = (
        "class"
    )
    slices: Annotated[
        tuple[str, ...] | None, Field(description="columns that become evaluation slices; none: every other column")
    ] = None
    missing_images: MissingImages = "error"


class DeepLabCutSource(Strict):
    """DeepLabCut or lightning-pose labels (CSV with a multi-row header, or HDF5); images relative to the project."""

    kind: Literal["deeplabcut"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/CollectedData*.csv"
    bodyparts: Annotated[dict[str, str], Field(description="keypoint: body part in the file, where they differ")] = {}
    subject: Annotated[
        Literal["folder", "image"], Field(description="what stands for the subject: the video's folder or each image")
    ] = "folder"
    missing_images: MissingImages = "error"


class CocoSource(Strict):
    """COCO keypoint JSON."""

    kind: Literal["coco"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/*.json"
    images: Annotated[str, Field(description="image folder, relative to the JSON")] = "."
    keypoints: Annotated[dict[str, str], Field(description="keypoint: name in the file, where they differ")] = {}
    subject: Annotated[
        str | None, Field(description="key of the image entry that names the subject; none: each image is its own")
    ] = None
    missing_images: MissingImages = "error"


class CocoBoxesSource(Strict):
    """COCO JSON of boxes with categories, any number in an image."""

    kind: Literal["coco_boxes"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/*.json"
    images: Annotated[str, Field(description="image folder, relative to the JSON")] = "."
    format: Annotated[
        Literal["xywh", "xyxy"], Field(description="numbers of `bbox`: COCO's x, y, width, height; or two corners")
    ] = "xywh"
    classes: Annotated[dict[str, str], Field(description="class: name of the category, where they differ")] = {}
    subject: Annotated[
        str | None, Field(description="key of the image entry that names the subject; none: each image is its own")
    ] = None
    missing_images: MissingImages = "error"


class LabelStudioSource(Strict):
    """Label Studio exports: a folder for each contributor, with its JSON and its images.

    Pictures are renamed CONTRIBUTOR_FILE. Folders with one of the words of `exclude` in their name are left out.
    """

    kind: Literal["label_studio"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/*.json"
    exclude: Annotated[tuple[str, ...], Field(description="words in the names of folders to leave out, any case")] = (
        "consensus",
        "sample",
    )
    images: Annotated[str, Field(description="image folder, relative to the JSON")] = "."
    keypoints: Annotated[dict[str, str], Field(description="keypoint: name in the file, where they differ")] = {}
    classes: Annotated[dict[str, str], Field(description="class: name in the file, where they differ")] = {}


class Ee641Source(Strict):
    """The EE641 course's keypoints: NAME_annotations.json beside a folder NAME; NAME becomes the slice `part`."""

    kind: Literal["ee641"]
    labels: Annotated[str, Field(description="glob below data/raw/PROBLEM")] = "**/*_annotations.json"
    images: Annotated[str | None, Field(description="image folder, relative to the JSON; none: NAME")] = None
    keypoints: Annotated[dict[str, str], Field(description="keypoint: name in the file, where they differ")] = {}
    missing_images: MissingImages = "error"


Source = Annotated[
    SyntheticSource | CsvSource | DeepLabCutSource | CocoSource | CocoBoxesSource | LabelStudioSource | Ee641Source,
    Field(discriminator="kind"),
]


class CollectSettings(Strict):
    """Where labels and images come from, and the boxes drawn around the keypoints."""

    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    box_buffer_px: Annotated[float, Field(ge=0, description="pixels around the keypoints, clipped to the image")] = 80
