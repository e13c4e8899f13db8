"""Agreement of people who label the same pictures: Fleiss' kappa, pairs of annotators, and pictures to label again."""

import itertools
from collections import Counter
from typing import Any

import numpy as np
from jaxtyping import Float

Votes = dict[str, dict[str, str]]
"""The class that each annotator gave each picture: picture to annotator to class."""


def majority(votes: dict[str, str]) -> str | None:
    """Return the class that most annotators gave, or `None` if two classes share the lead."""
    ranked = Counter(votes.values()).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def agreement(files: list[Votes]) -> dict[str, Any] | None:
    """Compute how far annotators agree on the pictures that at least two of them labelled.

    Args:
        files: The votes of each label file.

    Returns:
        `None` if no picture was labelled twice. Otherwise `images`, the number of such pictures; `pairwise`, the share
        of pairs of labels of one picture that are equal; `kappa`, Fleiss' kappa (1971), which corrects that share for
        chance and takes any number of annotators per picture, `None` if all labels are the same; `annotators`, for each
        pair of annotators the number of pictures that both labelled and on how many they agree; `disagreements`, the
        pictures to label again, with every vote.
    """
    shared = {source: votes for file in files for source, votes in file.items() if len(votes) > 1}
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
        "annotators": [
            {"pair": list(pair), "images": len(equal), "agree": sum(equal)} for pair, equal in pairs.items()
        ],
        "disagreements": [
            {"source": source, "votes": votes, "majority": majority(votes)}
            for source, votes in sorted(shared.items())
            if len(set(votes.values())) > 1
        ],
    }


def fleiss(counts: Float[np.ndarray, "N C"]) -> tuple[float, float | None]:
    """Compute the observed agreement and Fleiss' kappa; kappa is `None` if every label is the same class.

    Args:
        counts: Number of annotators who gave picture N the class C. Each picture has at least two annotators; their
            number may differ from picture to picture.
    """
    raters = counts.sum(axis=1)
    observed = float(((counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))).mean())
    chance = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
    return observed, (observed - chance) / (1 - chance) if chance < 1 else None
