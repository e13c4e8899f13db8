"""Splits with both demands at once: groups stay together, and every class has its share in every split."""

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
    """Give every subject a split so that each class's share in each split is as near to what is wanted as can be.

    Groups are dealt from the largest down, then single groups are moved and pairs exchanged as long as that helps.
    Deterministic: equals are taken in the order of a seeded hash.

    Args:
        table: The annotation table, with classes.
        groups: Subject to the number of its group, which stays together.
        known: Subject to split, of earlier runs; kept.
        settings: Shares, tolerance and seed.

    Returns:
        Subject to split for every subject of the table and of `known`.

    Raises:
        UserError: A class's share is further off than `split.tolerance`, or a class is missing from a split: both
            demands cannot be met at once.
    """
    number = table["subject"].map(groups)
    counts = pd.crosstab(number, table[CLASS])
    members: dict[int, list[str]] = {}
    for subject, group in groups.items():
        members.setdefault(group, []).append(subject)
    fixed = {g: SPLITS.index(known[s]) for g, subjects in members.items() for s in subjects if s in known}
    sizes = {int(g): int(n) for g, n in zip(counts.index, counts.sum(axis=1), strict=True)}
    free = sorted(set(members) - set(fixed), key=lambda g: _place(sizes[g], settings, members[g][0]))
    of_group = counts.to_numpy(float)
    where = {int(g): row for row, g in enumerate(counts.index)}
    wanted = np.array(list(settings.shares.values()))[:, None] * of_group.sum(axis=0)
    dealt = np.zeros_like(wanted)
    for group, split in fixed.items():
        dealt[split] += of_group[where[group]]
    chosen = {}
    for group in free:
        costs = [_cost(dealt + _at(split, of_group[where[group]]), wanted) for split in range(len(SPLITS))]
        chosen[group] = int(np.argmin(costs))
        dealt[chosen[group]] += of_group[where[group]]
    dealt = _improved(chosen, {g: of_group[where[g]] for g in free}, dealt, wanted)
    _refuse_unequal(dealt, counts, len(members), settings)
    found = {subject: SPLITS[split] for group, split in (chosen | fixed).items() for subject in members[group]}
    return known | found


def _place(size: int, settings: SplitSettings, name: str) -> tuple[int, bytes]:
    return -size, hashlib.sha256(f"{settings.seed}:{name}".encode()).digest()


def _at(split: int, counts: Float[np.ndarray, " C"]) -> Float[np.ndarray, "3 C"]:
    table = np.zeros((len(SPLITS), len(counts)))
    table[split] = counts
    return table


def _cost(dealt: Float[np.ndarray, "3 C"], wanted: Float[np.ndarray, "3 C"]) -> float:
    """Squared distance from what is wanted, in units of what is wanted: the small splits and rare classes count too."""
    return float((((dealt - wanted) / np.maximum(wanted, 1e-9)) ** 2 * np.sqrt(np.maximum(wanted, 0))).sum())


def _improved(
    chosen: dict[int, int],
    of_group: dict[int, Float[np.ndarray, " C"]],
    dealt: Float[np.ndarray, "3 C"],
    wanted: Float[np.ndarray, "3 C"],
) -> Float[np.ndarray, "3 C"]:
    """Move groups and exchange pairs while the cost falls; `chosen` is changed."""
    cost = _cost(dealt, wanted)
    for _ in range(_ROUNDS):
        best: tuple[float, dict[int, int]] = (cost, {})
        for a in chosen:
            options = [{a: split} for split in range(len(SPLITS)) if split != chosen[a]]
            options += [{a: chosen[b], b: chosen[a]} for b in chosen if b > a and chosen[b] != chosen[a]]
            for option in options:
                moved = dealt + sum(_at(to, of_group[g]) - _at(chosen[g], of_group[g]) for g, to in option.items())
                now = _cost(moved, wanted)
                if now < best[0] - 1e-9:
                    best = (now, option)
        if not best[1]:
            return dealt
        cost, option = best
        for group, to in option.items():
            dealt = dealt + _at(to, of_group[group]) - _at(chosen[group], of_group[group])
            chosen[group] = to
    return dealt


def _refuse_unequal(dealt: Int[np.ndarray, "3 C"], counts: pd.DataFrame, groups: int, settings: SplitSettings) -> None:
    shares = dealt / np.maximum(dealt.sum(axis=0), 1)
    wanted = np.array(list(settings.shares.values()))
    off = []
    for column, name in enumerate(counts.columns):
        for row, split in enumerate(SPLITS):
            missing = dealt[row, column] == 0
            if missing or abs(shares[row, column] - wanted[row]) > settings.tolerance:
                off.append(f"{name}: {shares[row, column]:.0%} in {split}, {wanted[row]:.0%} are wanted")
    if off:
        raise UserError(
            f"split: no deal of the {groups} independent groups of subjects gives every class its share in every split "
            f"(split.tolerance {settings.tolerance:g}): {'; '.join(off)}. Subjects and look-alikes are never parted. "
            "Label pictures of more subjects, allow more by split.tolerance, or set split.by_class to false"
        )
