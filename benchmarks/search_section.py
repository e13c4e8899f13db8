"""The `search` section of a problem whose searches are replayed on a table (benchmarks/search_table.py)."""

from typing import Any


def search_section(space: dict[str, list[Any]], **search: Any) -> dict[str, Any]:
    """Return the section; the learning rate is an interval, and a trial takes the nearest of the table's.

    Args:
        space: Values of each setting in the table, of `train.lr` in ascending order.
        search: Other settings of the search.
    """
    rates = space["train.lr"]
    choices = {path: {"choose": values} for path, values in space.items() if path != "train.lr"}
    interval = {"low": rates[0], "high": rates[-1], "log": True}
    return {"epochs": 9, "images": 180, "space": {"train.lr": interval, **choices}, **search}
