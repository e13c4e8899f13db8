"""Splits in which groups stay together and every class has its share in every split."""

import hashlib

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from heelstrike.errors import UserError
from pipeline.annotations import CLASS
from pipeline.split.settings import SplitSettings
from pipeline.splits import SPLITS

_ROUNDS = 100


def balance(
    table: pd.DataFrame, groups: dict[str, int], known: dict[str, str], settings: SplitSettings
) -> dict[str, str]:
    """Give every subject a split so that each class's share of each split is as near to the wanted share as possible.

    Groups are assigned from the largest to the smallest. Then single groups are moved and pairs are exchanged as long
    as that lowers the cost. The assignment is deterministic: groups of equal size follow a seeded hash.

    Args:
        table: The annotation table, with classes.
        groups: Subject -> number of its group, which stays together.
        known: Subject -> split of earlier runs, which is kept.
        settings: Shares, tolerance and seed.

    Returns:
        Subject -> split, for every subject of the table and of `known`.

    Raises:
        UserError: A class's share differs by more than `split.tolerance` from the wanted share, or a class is missing
            from a split.
    """
    number = table["subject"].map(groups)
    counts = pd.crosstab(number, table[CLASS])
    members: dict[int, list[str]] = {}
    for subject, group in groups.items():
        members.setdefault(group, []).append(subject)
    fixed = {g: SPLITS.index(known[s]) for g, subjects in members.items() for s in subjects if s in known}
    sizes = {int(g): int(n) for g, n in zip(counts.index, counts.sum(axis=1), strict=True)}
    free = sorted(set(members) - set(fixed), key=lambda g: _order(sizes[g], settings, members[g][0]))
    rows = counts.to_numpy(float)
    class_counts = {int(g): rows[row] for row, g in enumerate(counts.index)}
    wanted = np.array(list(settings.shares.values()))[:, None] * rows.sum(axis=0)
    assigned = np.zeros_like(wanted)
    for group, split in fixed.items():
        assigned[split] += class_counts[group]
    chosen = {}
    for group in free:
        costs = [_cost(assigned + _at(split, class_counts[group]), wanted) for split in range(len(SPLITS))]
        chosen[group] = int(np.argmin(costs))
        assigned[chosen[group]] += class_counts[group]
    assigned = _improved(chosen, {g: class_counts[g] for g in free}, assigned, wanted)
    _refuse_unequal(assigned, counts, len(members), settings)
    return known | {subject: SPLITS[split] for group, split in (chosen | fixed).items() for subject in members[group]}


def _order(size: int, settings: SplitSettings, name: str) -> tuple[int, bytes]:
    """Sort key of a group: the largest first, then by a seeded hash."""
    return -size, hashlib.sha256(f"{settings.seed}:{name}".encode()).digest()


def _at(split: int, counts: Float[np.ndarray, " C"]) -> Float[np.ndarray, "3 C"]:
    table = np.zeros((len(SPLITS), len(counts)))
    table[split] = counts
    return table


def _cost(assigned: Float[np.ndarray, "3 C"], wanted: Float[np.ndarray, "3 C"]) -> float:
    """Return the squared relative distance from the wanted counts, so that small splits and rare classes count too."""
    return float((((assigned - wanted) / np.maximum(wanted, 1e-9)) ** 2 * np.sqrt(np.maximum(wanted, 0))).sum())


def _improved(
    chosen: dict[int, int],
    class_counts: dict[int, Float[np.ndarray, " C"]],
    assigned: Float[np.ndarray, "3 C"],
    wanted: Float[np.ndarray, "3 C"],
) -> Float[np.ndarray, "3 C"]:
    """Move groups and exchange pairs while the cost falls; `chosen` is changed in place."""
    cost = _cost(assigned, wanted)
    for _ in range(_ROUNDS):
        best: tuple[float, dict[int, int]] = (cost, {})
        for a in chosen:
            options = [{a: split} for split in range(len(SPLITS)) if split != chosen[a]]
            options += [{a: chosen[b], b: chosen[a]} for b in chosen if b > a and chosen[b] != chosen[a]]
            for option in options:
                changes = (_at(to, class_counts[g]) - _at(chosen[g], class_counts[g]) for g, to in option.items())
                new_cost = _cost(assigned + sum(changes), wanted)
                if new_cost < best[0] - 1e-9:
                    best = (new_cost, option)
        if not best[1]:
            return assigned
        cost, option = best
        for group, to in option.items():
            assigned = assigned + _at(to, class_counts[group]) - _at(chosen[group], class_counts[group])
            chosen[group] = to
    return assigned


def _refuse_unequal(
    assigned: Int[np.ndarray, "3 C"], counts: pd.DataFrame, groups: int, settings: SplitSettings
) -> None:
    shares = assigned / np.maximum(assigned.sum(axis=0), 1)
    wanted = np.array(list(settings.shares.values()))
    off = []
    for column, name in enumerate(counts.columns):
        for row, split in enumerate(SPLITS):
            missing = assigned[row, column] == 0
            if missing or abs(shares[row, column] - wanted[row]) > settings.tolerance:
                off.append(f"{name}: {shares[row, column]:.0%} in {split}, {wanted[row]:.0%} are wanted")
    if off:
        raise UserError(
            f"split: no assignment of the {groups} independent groups of subjects gives every class its share in every "
            f"split (split.tolerance {settings.tolerance:g}): {'; '.join(off)}. Look-alikes stay together. "
            "Label images of more subjects, raise split.tolerance, or set split.by_class to false"
        )
