"""The interface of all executors."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, NamedTuple, Self, TypeVar

from heelstrike.errors import UserError

Argument = TypeVar("Argument")
Result = TypeVar("Result")


class WorkerDiedError(Exception):
    """The process that ran a call ended before the call did. The call may be submitted again."""


class EngineLostError(UserError):
    """The engine itself does not answer any more, for instance because its scheduler was killed."""


class Executor(ABC):
    """Runs calls elsewhere. Use it as a context manager, which ends its workers.

    Attributes:
        workers: Calls that can run at once.
    """

    workers: int

    @abstractmethod
    def submit(self, function: Callable[[Argument], Result], argument: Argument) -> "Future[Result]":
        """Run `function(argument)` as soon as a worker is free.

        Args:
            function: A function that can be imported by name.
            argument: Its argument, which can be pickled.

        Returns:
            The future result. It ends with the exception that the function raised, with a `WorkerDiedError` if the
            worker died, or with an `EngineLostError`.
        """

    @abstractmethod
    def close(self) -> None:
        """End the workers that this executor started. Calls that have not ended are abandoned."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Ended(NamedTuple):
    """How a call ended: with a result, or with an exception."""

    result: Any = None
    error: Exception | None = None


def attempt(function: Callable[[Argument], Any], argument: Argument) -> Ended:
    """Run a call where a worker runs it; its exception becomes a value that travels back as results do."""
    try:
        return Ended(function(argument))
    except Exception as error:
        return Ended(error=error)


def settle(future: "Future[Any]", result: Any = None, error: BaseException | None = None) -> None:
    """End a future with a result or an error, unless it has ended already."""
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
