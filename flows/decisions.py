"""What people decide about a candidate, with all that follows: the verdict on its run, and the messages to others."""

from dataclasses import dataclass

from flows.notify import notify
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.registry.approval import approve, reject
from pipeline.registry.promote import PromotionResult
from pipeline.review.verdict import revise_verdict


@dataclass(frozen=True)
class Decided:
    """What became of a candidate.

    Attributes:
        outcome: The outcome; a rejected candidate is refused.
        trouble: Why nobody could be told; `None` if everybody was, or nobody is to be.
    """

    outcome: PromotionResult
    trouble: str | None = None

    def sentence(self, reference: str) -> str:
        """Return what became of the candidate `reference`, for a person."""
        if self.outcome.kind == "refused":
            return f"{reference}: rejected; it will not be promoted"
        if self.outcome.kind == "waiting":
            return f"{reference}: approved; {self.outcome.why}, it still waits"
        return f"{reference}: approved, and the champion now"


def approve_candidate(
    layout: Layout, params: ProblemParams, number: int, why: str, *, by: str = "", page: str | None = None
) -> Decided:
    """Approve a candidate; if that was the last approval needed, it becomes the champion and others are told.

    Args:
        layout: The problem and the repository.
        params: The problem's section of params.yaml, which says who is told.
        number: Version number of the candidate.
        why: What the person wants to be remembered.
        by: As in `pipeline.registry.approval.approve`.
        page: As in `pipeline.registry.approval.approve`.

    Raises:
        UserError: As `pipeline.registry.approval.approve`.
    """
    outcome = approve(layout, number, why, by=by, page=page)
    return Decided(outcome) if outcome.kind == "waiting" else _concluded(layout, params, outcome)


def reject_candidate(
    layout: Layout, params: ProblemParams, number: int, why: str, *, by: str = "", page: str | None = None
) -> Decided:
    """Reject a candidate for good, and tell others; arguments and errors as in `approve_candidate`."""
    event = reject(layout, number, why, by=by, page=page)
    return _concluded(
        layout, params, PromotionResult("refused", number, event.champion_before, f"rejected by {event.by}: {why}")
    )


def _concluded(layout: Layout, params: ProblemParams, outcome: PromotionResult) -> Decided:
    revise_verdict(layout, outcome.version, outcome.kind, outcome.why)
    return Decided(outcome, notify(layout.problem, params, outcome))
