"""How much confidence a comparison needs, after so many comparisons on the same people.

A test split that judges one candidate after the other promotes a useless one by chance sooner or later. So the
probability of a false promotion that is allowed in all, `1 - gates.confidence`, is spent in shares: comparison k gets
3 / ((k + 2)(k + 3)) of it. The shares sum to 1, however many candidates come, so by the union bound the probability
that *any* of them is promoted without being better stays below the allowed one. Sources: alpha spending by a summable
sequence as in Foster and Stine, Alpha-investing, JRSS B 70, 2008; the count of a test set's uses as in Renggli et al.,
Continuous integration of machine learning models with ease.ml/ci, MLSys 2019. The offset of 3 was chosen in the
simulation (`benchmarks/promotion.py`): without it the first comparison would take half of everything.
"""

import math

_OFFSET = 3


def needed_confidence(confidence: float, uses: float) -> float:
    """Confidence that a comparison needs.

    Args:
        confidence: The confidence that all comparisons together keep, for instance 0.95.
        uses: Number of earlier comparisons on the same people; one that shared half of the people counts half.
    """
    return 1 - (1 - confidence) * _OFFSET / ((uses + _OFFSET) * (uses + _OFFSET + 1))


def people_needed(needed: float) -> int:
    """Smallest number of people with which a comparison can reach a confidence: 2^-N is the smallest p-value."""
    return math.ceil(-math.log2(1 - needed) - 1e-9)
