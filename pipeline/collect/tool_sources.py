"""Settings of the sources whose label files are the exports and projects of annotation tools."""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.collect.file_source import FileSource, MissingImages
from pipeline.collect.subject_setting import DESCRIPTION, Subject


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
