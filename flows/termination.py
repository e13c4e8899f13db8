"""SIGTERM, SIGHUP and Ctrl-C end a flow of the command line in the same way, and an output that is gone does not."""

import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupted_by_termination() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block as Ctrl-C does: children are ended, locks are freed, and a message follows.

    Prefect handles SIGTERM within a flow run, and passes it on to this handler when the run has ended. If Prefect's
    server has got the signal too, as from systemd or from a terminal, the run cannot report its end there and fails
    with another error, which becomes an interruption here. A SIGHUP that is ignored (nohup) stays ignored.

    Raises:
        KeyboardInterrupt: The block was interrupted.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = [signal.SIGTERM, *([signal.SIGHUP] if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN else [])]
    previous = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    except Exception as error:
        if _follows_interruption(error):
            raise KeyboardInterrupt from error
        raise
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _follows_interruption(error: BaseException | None) -> bool:
    """Return True if an error was raised while an interruption was handled."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "TerminationSignal":
            return True
        error = error.__cause__ or error.__context__
    return False


def survive_lost_output() -> None:
    """Send stdout and stderr to nowhere as soon as their reader has ended, so that no later line is an error.

    The reader is a worker of Prefect that was killed, a terminal that was closed, or a command such as `head`.
    """
    threading.Thread(target=_watch_outputs, args=((1, 2),), daemon=True, name="watch-outputs").start()


def _watch_outputs(outputs: tuple[int, ...]) -> None:
    poll, left = select.poll(), set(outputs)
    for output in outputs:
        poll.register(output, 0)  # errors and hang-ups are always reported
    nowhere = os.open(os.devnull, os.O_WRONLY)
    while left:
        for output, _ in poll.poll():
            poll.unregister(output)
            os.dup2(nowhere, output)
            left.discard(output)
