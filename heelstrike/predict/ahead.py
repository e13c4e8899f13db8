"""Prefetching in a thread, so that decoding and the network overlap."""

import queue
import threading
from collections.abc import Generator, Iterable
from contextlib import ExitStack
from typing import Generic, TypeVar

T = TypeVar("T")


class _End(Generic[T]):
    """The last item of the queue, with the error that ended the source; `None` without an error."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(source: Iterable[T], depth: int) -> Generator[T, None, None]:
    """Yield the items of `source` in order, computed in a thread that is at most `depth` items ahead.

    An exception of the source is raised here after the preceding items. Leaving the loop early closes the source and
    ends the thread. Python code of two threads does not run at the same time, but decoders, ONNX Runtime and encoders
    do.
    """
    items: queue.Queue[T | _End[T]] = queue.Queue(depth)
    stopped = threading.Event()

    def put(item: T | _End[T]) -> None:
        while not stopped.is_set():
            try:
                items.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def work() -> None:
        error: BaseException | None = None
        try:
            with ExitStack() as at_end:
                iterator = iter(source)
                if hasattr(iterator, "close"):
                    at_end.callback(iterator.close)
                for item in iterator:
                    put(item)
                    if stopped.is_set():
                        break
        except BaseException as raised:  # any exception is raised again in the consumer's thread
            error = raised
        put(_End(error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            item = items.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stopped.set()
        thread.join()
