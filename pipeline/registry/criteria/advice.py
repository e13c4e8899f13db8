"""Which new people are worth labelling for a test split that is spent or too small."""

import numpy as np

from pipeline.registry.criteria.contest import Contest

_NAMED = 3


def people_to_label(contest: Contest) -> str:
    """Say that new people should be labelled, and of which slices first: those with the fewest test people."""
    cases = contest.challenger.examined.cases
    counts = {
        f"{name}={value}": len(np.unique(cases.subjects[values == value]))
        for name, values in cases.slices.items()
        for value in set(values) - {""}
    }
    rarest = sorted(counts, key=lambda title: (counts[title], title))[:_NAMED]
    first = ", first of " + ", ".join(f"{title} ({counts[title]} now)" for title in rarest) if rarest else ""
    return f"label people who are new to it{first}"
