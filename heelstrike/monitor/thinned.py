"""Some items of many, evenly spread, without knowing how many there will be."""

from typing import Generic, TypeVar

T = TypeVar("T")


class Thinned(Generic[T]):
    """Keeps at most `most` of the items that are offered, evenly spread, without knowing how many there will be.

    It keeps every item at first, and drops every second one whenever it is full.
    """

    def __init__(self, most: int) -> None:
        self._most, self._step, self._offered = most, 1, 0
        self.items = list[T]()

    def wants_next(self) -> bool:
        """Count an item, and return True if it has to be added."""
        wanted = self._offered % self._step == 0
        self._offered += 1
        return wanted

    def add(self, item: T) -> None:
        """Keep an item."""
        self.items.append(item)
        if len(self.items) > self._most:
            self.items, self._step = self.items[::2], 2 * self._step
