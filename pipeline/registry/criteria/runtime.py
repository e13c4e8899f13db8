"""The gates of the package as a program: its latency, and its agreement with the network."""

from pipeline.registry.criteria.contest import Contest, Verdict
from pipeline.scoring.format import number


def latency(contest: Contest) -> Verdict:
    """Passes if the median time of one image is within the budget."""
    budget, ms = contest.params.gates.max_latency_ms, contest.challenger.examined.latency_ms
    if budget is None:
        return True, f"{ms:.3g} ms an image; no budget in params", {"ms": ms}
    return ms <= budget, f"{ms:.3g} ms an image, at most {budget:g}", {"ms": ms, "limit": budget}


def parity(contest: Contest) -> Verdict:
    """Passes if graph and network differ by no more than allowed, as packaging measured, and their scores agree."""
    measured, limit = contest.challenger.manifest.parity_px, contest.params.package.parity_px
    if measured is None:
        return False, "packaging has not shown that ONNX and torch agree; package the model again", {}
    examined = contest.challenger.examined
    difference, tolerance = examined.difference, examined.metric.tolerance(len(examined.run), limit)
    quantised = contest.challenger.manifest.quantised
    if quantised is not None:  # packaging measured the graph without integers; the score is that of the package itself
        tolerance = max(tolerance, quantised.allowed.get(examined.metric.metric, 0.0))
    reason = (
        f"ONNX and torch differ by {number(measured, ' px')}, at most {limit:g}; the package's {examined.metric.title} "
        f"is {number(difference, examined.metric.unit)} from evaluate's, at most {tolerance:g}"
    )
    numbers = {"px": measured, "limit": limit, "score_difference": difference}
    return measured <= limit and difference <= tolerance, reason, numbers
