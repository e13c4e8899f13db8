"""What the reviewer's pages need of a checkout. The rules of approval are the pipeline's, which a clinic lacks.

`heelstrike serve` at the top of a checkout passes an `Approvals` of flows to the service. Elsewhere there is none, and
the pages say where to decide instead.
"""

from dataclasses import dataclass
from typing import Protocol

from heelstrike.serve.records import Record


class Candidate(Record):
    """A version that passed every gate and waits for people.

    Attributes:
        number: Number of the version.
        page: SHA-256 of the page that compares it with the champion; empty if it has none.
        approvers: Number of people who have to approve it.
        given: user@machine of those who have.
        started_by: user@machine that started its retrain.
        four_eyes: True if that person may not approve it.
        stale: Why it has to be judged afresh before anybody can approve it; `None` if it does not.
    """

    number: int
    page: str
    approvers: int
    given: tuple[str, ...]
    started_by: str
    four_eyes: bool
    stale: str | None


@dataclass(frozen=True)
class Signature:
    """Who decides, why, and on what.

    Attributes:
        user: Name of who has logged in; `None` for whoever runs the service.
        why: The reason.
        page: SHA-256 of the page that the person has looked at.
    """

    user: str | None
    why: str
    page: str


class Approvals(Protocol):
    """Decides on candidates. Every method raises `UserError` with a sentence for the person who asks."""

    def problems(self) -> list[str]:
        """Return the problems whose candidates can be decided on here."""
        ...

    def waiting(self, problem: str) -> list[Candidate]:
        """Return the candidates of a problem that wait for people, oldest first."""
        ...

    def approve(self, problem: str, number: int, signature: Signature) -> str:
        """Approve a candidate and return what became of it, as a sentence."""
        ...

    def reject(self, problem: str, number: int, signature: Signature) -> str:
        """Reject a candidate for good and return what became of it, as a sentence."""
        ...
