"""Labels on disk: `evaluations/ID/labels/PROBLEM/NAME.json` has all revisions of all frames of one file."""

from pathlib import Path

from pydantic import ValidationError

from heelstrike.clock import utc_now
from heelstrike.errors import UserError, one_line
from heelstrike.files import write_json
from heelstrike.serve.evaluations import EvaluationStore
from heelstrike.serve.label.records import Author, FrameLabels, LabelFile, Point, Revision, Target
from heelstrike.serve.records import Evaluation

FOLDER = "labels"


class StaleError(Exception):
    """A save is based on a revision that is not the last one any more.

    Attributes:
        current: The label that counts now.
    """

    def __init__(self, current: Revision) -> None:
        super().__init__(f"{current.who} has saved this frame meanwhile, at {current.when[:19]} UTC")
        self.current = current


class LabelStore:
    """The labels of all evaluations.

    Args:
        evaluations: The evaluations that they belong to.
    """

    def __init__(self, evaluations: EvaluationStore) -> None:
        self._evaluations = evaluations

    def get(self, evaluation: str, target: Target) -> LabelFile:
        """Return the labels of a file, without frames if there are none.

        Raises:
            UserError: The labels on disk are damaged, or of other keypoints.
        """
        path = self._path(evaluation, target)
        known = read_labels(path)
        if known is None or known.target.sha256 != target.sha256:
            return LabelFile(target=target)
        if known.target.keypoints != target.keypoints:
            raise UserError(
                f"{path}: has labels of the keypoints {', '.join(known.target.keypoints)}, but this model finds "
                f"{', '.join(target.keypoints)}; hand the old ones over, and move that file away"
            )
        return known

    def of(self, evaluation: Evaluation) -> list[LabelFile]:
        """Return the labels of all files that an evaluation has.

        Raises:
            UserError: The labels on disk are damaged.
        """
        return labels_in(self._evaluations.folder(evaluation.id), evaluation)

    def save(
        self, evaluation: str, target: Target, frame: int, points: tuple[Point, ...], who: Author, based_on: int
    ) -> Revision:
        """Save the label of a frame. A save that is repeated, since its answer was lost, returns what it made before.

        Args:
            evaluation: The evaluation.
            target: The file and the problem.
            frame: Number of the frame, 0 for an image.
            points: The points, in the order of the keypoints.
            who: Who labelled it.
            based_on: Number of the revision that this person saw, 0 if there was none.

        Raises:
            StaleError: There is a later revision.
            OSError: The disk is full.
        """
        with self._evaluations.held(evaluation):
            labels = self.get(evaluation, target)
            before = labels.frames.get(frame, FrameLabels())
            number = len(before.revisions)
            made = _revision(number + 1, based_on if number else 0, who, points)
            if made.based_on != number and before.label is not None:
                if (done := before.repeated(made)) is not None:
                    return done
                raise StaleError(before.label)
            after = before.model_copy(update={"revisions": (*before.revisions, made)})
            self._write(evaluation, labels, target, frame, after)
        return made

    def save_reading(
        self, evaluation: str, target: Target, frame: int, points: tuple[Point, ...], who: Author
    ) -> Revision:
        """Save a second reading of a frame, which takes the place of an earlier one of the same person.

        Raises:
            OSError: The disk is full.
        """
        with self._evaluations.held(evaluation):
            labels = self.get(evaluation, target)
            before = labels.frames.get(frame, FrameLabels())
            last = before.readings.get(who.key)
            if last is not None and last.points == points:
                return last
            made = _revision(1 if last is None else last.number + 1, 0, who, points)
            after = before.model_copy(update={"readings": before.readings | {who.key: made}})
            self._write(evaluation, labels, target, frame, after)
        return made

    def _write(self, evaluation: str, labels: LabelFile, target: Target, frame: int, after: FrameLabels) -> None:
        changed = labels.model_copy(update={"target": target, "frames": labels.frames | {frame: after}})
        write_json(self._path(evaluation, target), changed.model_dump(mode="json"))

    def _path(self, evaluation: str, target: Target) -> Path:
        return self._evaluations.folder(evaluation) / FOLDER / target.problem / f"{target.file}.json"


def _revision(number: int, based_on: int, who: Author, points: tuple[Point, ...]) -> Revision:
    return Revision(number=number, based_on=based_on, who=who.name, by_id=who.id, when=utc_now(), points=points)


def labels_in(folder: Path, evaluation: Evaluation) -> list[LabelFile]:
    """Return the labels in the folder of an evaluation, of files that it has, sorted by problem and file.

    Raises:
        UserError: Labels are damaged.
    """
    read = [read_labels(path) for path in sorted((folder / FOLDER).glob("*/*.json"))]
    digests = {name: stored.sha256 for name, stored in evaluation.files.items()}
    return [labels for labels in read if labels and digests.get(labels.target.file) == labels.target.sha256]


def read_labels(path: Path) -> LabelFile | None:
    """Return the labels in a file; `None` if there is no such file.

    Raises:
        UserError: The file is damaged.
    """
    try:
        return LabelFile.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise UserError(f"{path}: damaged ({one_line(error)}); restore it from a copy, or move it away") from None
