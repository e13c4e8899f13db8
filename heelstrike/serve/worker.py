"""The process that measures, apart from the one that answers: a decoder may crash here, and a job may be killed.

It reads a `Work` per line from stdin, writes `Answer`s to stdout, and ends when stdin is closed, also in the middle of
its work. Run by `heelstrike.serve.workers`.
"""

import os
import queue
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from heelstrike.errors import UserError
from heelstrike.files import folder_aside
from heelstrike.foreign import message_of
from heelstrike.monitor.watch import Shadow, Watch
from heelstrike.package.runtime import Package
from heelstrike.predict.measurer import About
from heelstrike.predict.predictor import predict_path
from heelstrike.predict.results import ModelReference
from heelstrike.progress import Event, listening
from heelstrike.serve.prepare import prepare_pages
from heelstrike.serve.records import Failure, Step
from heelstrike.serve.work import Answer, ShadowWork, Work

_EVERY_S = 0.2
_POLITENESS = 5  # the process that answers goes first


class _Worker:
    def __init__(self, answers: TextIO) -> None:
        self._answers, self._last = answers, 0.0
        self._loaded: tuple[Path, Package] | None = None
        self._second: tuple[Path, Package] | None = None
        self._step: Step = "measure"
        self._frames, self._total = 0, 0

    def measure(self, work: Work) -> Answer:
        """Measure all files of a folder. The folder of the results appears when all are written."""
        self._step = "measure"
        with listening(self._listen), folder_aside(work.results) as aside:
            report = predict_path(
                work.files,
                self._package(work.package),
                ModelReference(work.reference, work.version),
                aside,
                work.overlay,
                About(work.mm_per_px, work.about),
                work.most_frames,
                self._watch(work),
            )
            for done in report.done:
                if done.unnoted:
                    print(f"{done.input.name}: {done.unnoted}", file=sys.stderr)
            frames, total = self._frames, self._total
            self._step = "prepare"
            prepare_pages(report.done, work.views)
        failed = [Failure(file=path.name, reason=_without(work.files, reason)) for path, reason in report.failed]
        reason = "is not measured: it is a result of Heelstrike, or named like one"
        failed += [Failure(file=path.name, reason=reason) for path in report.ignored]
        error = None if report.done else f"no file could be measured: {failed[0].file}: {failed[0].reason}"
        return Answer(frames=frames, total=total, ended=True, failed=tuple(failed), error=error)

    def say(self, answer: Answer) -> None:
        """Send an answer."""
        self._answers.write(answer.model_dump_json() + "\n")
        self._answers.flush()

    def _listen(self, event: Event) -> None:
        self._frames, self._total = event["done"], event["total"]
        now = time.monotonic()
        if now - self._last >= _EVERY_S:
            self._last = now
            self.say(Answer(step=self._step, frames=self._frames, total=self._total))

    def _package(self, folder: Path) -> Package:
        if self._loaded is None or self._loaded[0] != folder:
            self._loaded = folder, Package.load(folder)
        return self._loaded[1]

    def _watch(self, work: Work) -> Watch | None:
        """Return what notes the inputs. If it cannot be had, the job goes on without, and the log says so."""
        if work.record is None:
            return None
        try:
            return Watch(work.record, self._shadow(work.shadow))
        except UserError as error:
            print(error, file=sys.stderr)
            return None

    def _shadow(self, shadow: ShadowWork | None) -> Shadow | None:
        if shadow is None:
            return None
        if self._second is None or self._second[0] != shadow.package:
            self._second = shadow.package, Package.load(shadow.package)
        return Shadow(self._second[1], shadow.version)


def _without(folder: Path, text: str) -> str:
    return text.replace(f"{folder}{os.sep}", "")


def _lines(requests: "queue.Queue[str]") -> None:
    for line in sys.stdin:
        requests.put(line)
    os._exit(0)  # the service has ended, so nobody waits for this work


def main() -> None:
    """Measure until stdin is closed."""
    # libraries that print must not get between the answers
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with suppress(OSError, AttributeError):
        os.nice(_POLITENESS)
    requests: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_lines, args=(requests,), daemon=True).start()
    worker = _Worker(answers)
    while True:
        work = Work.model_validate_json(requests.get())
        try:
            answer = worker.measure(work)
        except Exception as error:
            answer = Answer(ended=True, error=_without(work.files, message_of(error).partition("\n")[0]))
        worker.say(answer)


if __name__ == "__main__":
    main()
