"""What is noted beside the results of a prediction: the record of each input, and where a second model disagrees.

The answers of the first model are given, whatever happens here: an error of the second model, or of a full disk, is a
sentence in the report.
"""

import importlib.metadata
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from heelstrike.clock import utc_now
from heelstrike.errors import first_line
from heelstrike.monitor.identity import id_of, salt_of
from heelstrike.monitor.recorder import InputOf, Recorder
from heelstrike.monitor.shadow import Comparison
from heelstrike.monitor.wire import DISAGREEMENT, small_path, write_small
from heelstrike.package.image import Image
from heelstrike.package.manifest import Manifest
from heelstrike.package.runtime import Package
from heelstrike.predict.frames import FrameResult, Source
from heelstrike.predict.measurer import About, Measurer
from heelstrike.predict.summary import Summary
from heelstrike.video.reader import Frame


@dataclass(frozen=True)
class Shadow:
    """A second model, whose answers are compared and not given.

    Attributes:
        package: Its package.
        version: Number of its version in the registry; `None` for a folder.
    """

    package: Package
    version: str | None = None


class Watch:
    """Notes what one model sees of many inputs.

    Args:
        folder: Folder of the records and disagreements; it is made if it is missing.
        shadow: A second model; `None` for records only.

    Raises:
        UserError: The folder cannot be written to.
    """

    def __init__(self, folder: Path, shadow: Shadow | None = None) -> None:
        self.folder, self.shadow, self._salt = folder, shadow, salt_of(folder)
        self._program = importlib.metadata.version("heelstrike")

    def begin(self, file: Path, manifest: Manifest, version: str | None, about: About) -> "InputWatch":
        """Return what notes one input.

        Args:
            file: The image or video.
            manifest: The manifest of the model whose answers are given.
            version: Number of its version in the registry; `None` for a folder.
            about: What is known about the input.
        """
        return InputWatch(self, file, manifest, version, about)

    def about(self, file: Path, source: Source) -> InputOf:
        """Return what the files of an input say of it."""
        return InputOf(source, id_of(file, self._salt), utc_now(), self._program)


class InputWatch:
    """Notes one input, frame by frame. `Watch.begin` makes one."""

    def __init__(self, watch: Watch, file: Path, manifest: Manifest, version: str | None, about: About) -> None:
        self._watch, self._file, self._version = watch, file, version
        self._recorder, self._error = Recorder(manifest), ""
        self._comparison: Comparison | None = None
        if watch.shadow is not None:
            with self._noted("the model in the shadow"):
                comparison = Comparison(manifest, watch.shadow.package.manifest)
                self._second = _Second(Measurer(watch.shadow.package, about), about)
                self._comparison = comparison

    def add(self, image: Image, result: FrameResult) -> None:
        """Note a frame with the answer that is given."""
        with self._noted("no record was written"):
            self._recorder.add(image, result)
        self._compare(lambda second: second.add(image, result))

    def end(self, source: Source, summary: Summary) -> str:
        """Write the files after the last frame; return why one could not be written, or an empty string.

        It is not called for an input that ends in an error: what has no results has no record either.
        """
        self._compare(_Second.rest)
        with self._noted("no record was written"):
            about = self._watch.about(self._file, source)
            write_small(self._watch.folder, self._recorder.record(about, summary, self._version))
            if self._comparison is not None and self._watch.shadow is not None:
                disagreement = self._comparison.disagreement(about, (self._version, self._watch.shadow.version))
                if disagreement is None:
                    small_path(self._watch.folder, about.id, DISAGREEMENT).unlink(missing_ok=True)
                else:
                    write_small(self._watch.folder, disagreement)
        return self._error

    def _compare(self, answers: Callable[["_Second"], list[tuple[FrameResult, FrameResult]]]) -> None:
        """Compare the pairs of answers that are known now; after an error the second model is not asked again."""
        comparison, self._comparison = self._comparison, None
        if comparison is not None:
            with self._noted("the model in the shadow"):
                for first, second in answers(self._second):
                    comparison.add(first, second)
                self._comparison = comparison

    @contextmanager
    def _noted(self, what: str) -> Iterator[None]:
        """Keep the first error of the block as a sentence, since the answers of the first model are given anyway."""
        try:
            yield
        except Exception as error:  # whatever a graph, a disk or a folder does
            reason = first_line(str(error)) or type(error).__name__
            self._error = self._error or f"{what}: {reason}"


class _Second:
    """Asks the model in the shadow about the frames of one input, in the way that `predict` asks the first."""

    def __init__(self, measurer: Measurer, about: About) -> None:
        self._measurer, self._about, self._video = measurer, about, measurer.in_turn()
        self._first = deque[FrameResult]()  # answers of the first model; those of the second may come later

    def add(self, image: Image, result: FrameResult) -> list[tuple[FrameResult, FrameResult]]:
        """Show a picture that the first model has answered; return both answers of each frame that has them now."""
        if result.time_s is None:  # a still image
            return [(result, self._measurer.image(image.rgb, self._about.scale()))]
        self._first.append(result)
        return self._pairs(self._video.add(Frame(result.number, result.time_s, image)))

    def rest(self) -> list[tuple[FrameResult, FrameResult]]:
        """Return both answers of the frames that have waited for later ones."""
        return self._pairs(self._video.rest())

    def _pairs(self, answers: list[FrameResult]) -> list[tuple[FrameResult, FrameResult]]:
        return [(self._first.popleft(), answer) for answer in answers]
