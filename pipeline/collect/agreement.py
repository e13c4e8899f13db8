"""Do people who label the same picture agree: Fleiss' kappa, pairs of annotators, and what to label again."""

import itertools
from collections import Counter
from typing import Any

import numpy as np
from jaxtyping import Float

Votes = dict[str, dict[str, str]]
"""Picture to annotator to class."""


def majority(votes: dict[str, str]) -> str | None:
    """The class that most annotators said; none where two classes have the most."""
    ranked = Counter(votes.values()).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def agreement(files: list[Votes]) -> dict[str, Any] | None:
    """How far annotators agree, over the pictures that at least two labelled; nothing where there is none.

    Args:
        files: The votes of each label file.

    Returns:
        `images`; `pairwise`, the share of pairs of labels of one picture that are equal; `kappa`, Fleiss' (1971), the
        same corrected for chance, for any number of annotators a picture, null where all labels are the same;
        `annotators`, for each two that share pictures how many and on how many they agree; `disagreements`, the
        pictures to label again with what each said.
    """
    shared = {source: votes for votes_of in files for source, votes in votes_of.items() if len(votes) > 1}
    if not shared:
        return None
    classes = sorted({name for votes in shared.values() for name in votes.values()})
    counts = np.array([[list(votes.values()).count(name) for name in classes] for votes in shared.values()], float)
    pairs: dict[tuple[str, str], list[bool]] = {}
    for votes in shared.values():
        for a, b in itertools.combinations(sorted(votes), 2):
            pairs.setdefault((a, b), []).append(votes[a] == votes[b])
    observed, kappa = fleiss(counts)
    return {
        "images": len(shared),
        "pairwise": observed,
        "kappa": None if kappa is None else round(kappa, 4),
        "annotators": [{"pair": list(who), "images": len(same), "agree": sum(same)} for who, same in pairs.items()],
        "disagreements": [
            {"source": source, "votes": votes, "majority": majority(votes)}
            for source, votes in sorted(shared.items())
            if len(set(votes.values())) > 1
        ],
    }


def fleiss(counts: Float[np.ndarray, "N C"]) -> tuple[float, float | None]:
    """Observed agreement and Fleiss' kappa.

    Args:
        counts: How many annotators said each class of each picture; at least two a picture, not always as many.
    """
    raters = counts.sum(axis=1)
    observed = float(((counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))).mean())
    chance = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
    return observed, (observed - chance) / (1 - chance) if chance < 1 else None
