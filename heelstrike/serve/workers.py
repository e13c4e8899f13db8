"""The worker process as the service sees it: started when it is needed, and started again after it was killed."""

import subprocess
import sys
import threading
from collections.abc import Callable

from heelstrike.errors import UserError
from heelstrike.serve.work import Answer, Work


class WorkerProcess:
    """Measures one folder after the other in another process."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def measure(self, work: Work, listener: Callable[[Answer], None]) -> Answer:
        """Measure a folder and return the last answer.

        Args:
            work: What to measure.
            listener: Called with every answer on the way.

        Raises:
            UserError: The process was killed, or crashed.
        """
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(work.model_dump_json() + "\n")
            process.stdin.flush()
            for line in process.stdout:
                answer = Answer.model_validate_json(line)
                if answer.ended:
                    return answer
                listener(answer)
        except BrokenPipeError:
            pass
        raise UserError(
            f"the process that measures ended with code {process.wait()}, often for want of memory; start it again, or "
            "measure smaller videos"
        )

    def kill(self) -> None:
        """End the process, and the work that it does."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.wait()

    def _running(self) -> "subprocess.Popen[str]":
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                command = [sys.executable, "-m", "heelstrike.serve.worker"]
                pipe = subprocess.PIPE
                self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8")
            return self._process
