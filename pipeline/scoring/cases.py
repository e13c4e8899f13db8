"""The truth of a prepared split, and its cases with a model's predictions."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, UInt8

from heelstrike.errors import UserError
from heelstrike.preprocess.letterbox import Letterboxes
from heelstrike.preprocess.mirror import mirror_boxes, mirror_points
from pipeline.annotations import SLICE_PREFIX, exam_names, placement_of, slice_columns
from pipeline.scoring.case_table import Cases

_SUBJECT = "subject"


@dataclass(frozen=True)
class Truth:
    """A prepared split without its images.

    Attributes:
        index: A row per image: image, subject, video, frame, time_s, width, height, mm_per_px, mirrored, slice_*; if
            known also exam and the place in the patient.
        keypoints: Input pixels, NaN where not labelled.
        visibility: COCO's 0, 1, 2.
        boxes: (x, y, width, height), input pixels.
        classes: Index of the class, -1 if the image has none; `None` if the problem has no classes.
        objects: x, y, width, height in input pixels, class of all instances, NaN beyond the last; `None` unless
            the problem is multi-instance.
        letterbox: scale, pad_x, pad_y of each image (`Letterboxes`).
        observers: Mean distance between several people's labels of a point, original pixels, NaN where only one person
            labelled it; `None` if no point was labelled by several people.
    """

    index: pd.DataFrame
    keypoints: Float[np.ndarray, "N K 2"]
    visibility: UInt8[np.ndarray, "N K"]
    boxes: Float[np.ndarray, "N 4"]
    letterbox: Float[np.ndarray, "N 3"]
    classes: Int[np.ndarray, "N"] | None = None
    objects: Float[np.ndarray, "N M 5"] | None = None
    observers: Float[np.ndarray, "N K"] | None = None

    @property
    def mm_per_px(self) -> Float[np.ndarray, "N"]:
        """Side of an original image's pixel in millimetres; NaN where unknown."""
        return self.index["mm_per_px"].to_numpy(np.float64)

    @property
    def placement(self) -> Float[np.ndarray, "N 3 3"]:
        """Where in the patient each original image lies (`placement_of`)."""
        return placement_of(self.index)

    @property
    def exams(self) -> np.ndarray:
        """Name of each image's exam (`exam_names`)."""
        return exam_names(self.index)

    @property
    def labelled(self) -> Bool[np.ndarray, "N K"]:
        """Points with a label, visible or hidden."""
        return self.visibility > 0

    @property
    def subjects(self) -> np.ndarray:
        """Subject of each image; errors are clustered by it."""
        return self.index["subject"].to_numpy().astype(str)

    def slices(self) -> dict[str, np.ndarray]:
        """Values of the images by slice name, the subject first."""
        others = {c.removeprefix(SLICE_PREFIX): self.index[c].astype(str).to_numpy() for c in slice_columns(self.index)}
        return {_SUBJECT: self.subjects, **others}

    def cases(self, answers: dict[str, np.ndarray], threshold: float = 0.0) -> Cases:
        """The split's cases with a model's predictions, which are in pixels of the original images."""
        truth: dict[str, np.ndarray] = {
            "keypoints": self.points_in_original(self.keypoints),
            "boxes": self.boxes_in_original(self.boxes),
        }
        if self.classes is not None:
            truth["classes"] = self.classes
        if self.objects is not None:
            truth["objects"] = self.objects_in_original(self.objects)
        return Cases(
            images=self.index["image"].to_numpy().astype(str),
            subjects=self.subjects,
            slices={name: values for name, values in self.slices().items() if name != _SUBJECT},
            scale=self.letterbox[:, 0].astype(np.float64),
            mm_per_px=self.mm_per_px,
            exams=self.exams,
            placement=self.placement,
            truth=truth,
            answers=answers,
            threshold=threshold,
        )

    def points_in_original(self, points: Float[np.ndarray, "N K 2"]) -> Float[np.ndarray, "N K 2"]:
        """Convert input points to pixels of the original images; points of mirrored inputs are mirrored back."""
        return mirror_points(Letterboxes(self.letterbox).backward(points), *self._mirrored)

    def boxes_in_original(self, boxes: Float[np.ndarray, "N 4"]) -> Float[np.ndarray, "N 4"]:
        """Convert input boxes to pixels of the original images."""
        return self.objects_in_original(boxes[:, None])[:, 0]

    def objects_in_original(self, objects: Float[np.ndarray, "N D C"]) -> Float[np.ndarray, "N D C"]:
        """Convert input boxes, any number per image, to pixels of the original images; columns after the box stay."""
        objects = np.asarray(objects, np.float64)
        unmirrored = Letterboxes(self.letterbox).backward_boxes(objects[..., :4])
        width, mirrored = (np.repeat(each, objects.shape[1]) for each in self._mirrored)
        boxes = mirror_boxes(unmirrored.reshape(-1, 4), width, mirrored).reshape(unmirrored.shape)
        return np.concatenate([boxes, objects[..., 4:]], axis=-1)

    @property
    def _mirrored(self) -> tuple[Int[np.ndarray, "N"], Bool[np.ndarray, "N"]]:
        return self.index["width"].to_numpy(), self.index["mirrored"].to_numpy(bool)


def load_truth(folder: Path) -> Truth:
    """Read a prepared split, without its images.

    Args:
        folder: For instance data/rearfoot/prepare/test.

    Raises:
        UserError: A file is missing, the arrays differ in length, or there is no image.
    """
    names = ("keypoints", "visibility", "boxes", "letterbox")
    for path in (folder / "index.parquet", *(folder / f"{name}.npy" for name in names)):
        if not path.is_file():
            raise UserError(f"{path}: not there; run the prepare stage first")
    optional = [name for name in ("classes", "objects", "observers") if (folder / f"{name}.npy").is_file()]
    arrays = {name: np.load(folder / f"{name}.npy") for name in (*names, *optional)}
    index = pd.read_parquet(folder / "index.parquet")
    lengths = {name: len(array) for name, array in arrays.items()} | {"index": len(index)}
    if len(set(lengths.values())) != 1:
        raise UserError(f"{folder}: its files differ in length, {lengths}; run the prepare stage again")
    if not len(index):
        raise UserError(f"{folder}: no image in it; the {folder.name} split needs labelled images of its own")
    return Truth(index, **arrays)
