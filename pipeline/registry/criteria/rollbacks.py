"""The gate against versions that were rolled back."""

from pipeline.registry.criteria.contest import Contest, Verdict


def not_rolled_back(contest: Contest) -> Verdict:
    """Passes if this version was never rolled back."""
    if contest.rolled_back is None:
        return True, "was never rolled back", {}
    return False, f"was rolled back {contest.rolled_back[:19]}Z; train another candidate", {}
