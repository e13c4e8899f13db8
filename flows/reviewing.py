"""What a checkout adds to the reviewer's pages of `heelstrike serve`: which candidates wait, and deciding on them."""

from pathlib import Path

import pipeline.quiet  # noqa: F401 - first: telemetry is turned off before anything else is imported
from flows.decisions import Decided, approve_candidate, reject_candidate
from heelstrike.serve.approvals import Candidate, Signature
from pipeline.layout import Layout
from pipeline.params import ProblemParams, load_params, problem_in
from pipeline.registry.approval import waiting
from pipeline.registry.history import who


class CheckoutApprovals:
    """An `Approvals` that decides by the rules of `heelstrike approve`, on the test splits of a checkout.

    Args:
        root: Root of the checkout.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def problems(self) -> list[str]:
        """Return the problems of the checkout."""
        return list(load_params(self._root / "params.yaml"))

    def waiting(self, problem: str) -> list[Candidate]:
        """Return the candidates of a problem that wait for people, oldest first."""
        return [
            Candidate(
                number=entry.version.number,
                page=entry.decision.comparison_page,
                approvers=entry.decision.approvers,
                given=tuple(event.by for event in entry.given),
                started_by=entry.decision.started_by,
                four_eyes=entry.decision.four_eyes,
                stale=entry.stale,
            )
            for entry in waiting(Layout(self._root, problem))
        ]

    def approve(self, problem: str, number: int, signature: Signature) -> str:
        """Approve a candidate and return what became of it."""
        layout, params = self._of(problem)
        decided = approve_candidate(layout, params, number, signature.why, by=who(signature.user), page=signature.page)
        return _sentence(decided, f"{problem}/{number}")

    def reject(self, problem: str, number: int, signature: Signature) -> str:
        """Reject a candidate and return what became of it."""
        layout, params = self._of(problem)
        decided = reject_candidate(layout, params, number, signature.why, by=who(signature.user), page=signature.page)
        return _sentence(decided, f"{problem}/{number}")

    def _of(self, problem: str) -> tuple[Layout, ProblemParams]:
        return Layout(self._root, problem), problem_in(load_params(self._root / "params.yaml"), problem)


def _sentence(decided: Decided, reference: str) -> str:
    trouble = f". Nobody was told: {decided.trouble}" if decided.trouble else ""
    return f"{decided.sentence(reference)}{trouble}"
