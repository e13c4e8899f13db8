"""All gates by name, and how they are run. A gate that cannot be computed fails."""

from collections.abc import Callable

import numpy as np

from pipeline.registry.criteria.accuracy import error, finite, measurement
from pipeline.registry.criteria.comparison import comparison
from pipeline.registry.criteria.contest import Contest, Verdict
from pipeline.registry.criteria.disturbed import disturbed
from pipeline.registry.criteria.labels import validation
from pipeline.registry.criteria.rollbacks import not_rolled_back
from pipeline.registry.criteria.runtime import latency, parity
from pipeline.registry.criteria.signature import signature
from pipeline.registry.criteria.slices import slices
from pipeline.registry.decision import GATES, Gate

_GATES: dict[str, Callable[[Contest], Verdict]] = {
    "validation": validation,
    "finite": finite,
    "error": error,
    "measurement": measurement,
    "comparison": comparison,
    "slices": slices,
    "disturbed": disturbed,
    "latency": latency,
    "parity": parity,
    "signature": signature,
    "not_rolled_back": not_rolled_back,
}


def run_gates(contest: Contest) -> tuple[Gate, ...]:
    """The verdict of every gate; a gate that raises fails, and the exception is its reason."""
    verdicts = []
    for name in GATES:
        try:
            passed, reason, numbers = _GATES[name](contest)
        except (OSError, ValueError, KeyError, ArithmeticError, IndexError) as exception:
            passed, numbers = False, {}
            reason = f"could not be computed ({type(exception).__name__}: {exception})"
        finite_numbers = {key: float(value) for key, value in numbers.items() if np.isfinite(value)}
        verdicts.append(Gate(name=name, passed=bool(passed), reason=reason, numbers=finite_numbers))
    return tuple(verdicts)
