"""A decision: which gates a challenger passed, with the numbers, in a form that is kept on the version."""

from heelstrike.settings import Strict

GATES = (
    "validation",
    "finite",
    "error",
    "measurement",
    "comparison",
    "slices",
    "latency",
    "parity",
    "signature",
    "not_rolled_back",
)
"""Every gate; a decision that lacks one promotes nothing."""


class Gate(Strict):
    """One gate's verdict; a gate that could not be computed has failed, and says why.

    Attributes:
        name: One of `GATES`.
        passed: Whether it lets the challenger through.
        reason: One line for a person, with what was found and what was demanded.
        numbers: What the reason states, for machines.
    """

    name: str
    passed: bool
    reason: str
    numbers: dict[str, float] = {}


class Decision(Strict):
    """What came of holding a challenger against the champion.

    Attributes:
        problem: The registered model.
        challenger: Version number.
        challenger_package: Digest of its package.
        champion: Version number of the champion at the time; none where there was none.
        champion_package: Digest of its package.
        test_split: Digest of the test split both were judged on.
        time: When, UTC, ISO 8601.
        gates: One verdict each.
    """

    problem: str
    challenger: int
    challenger_package: str
    champion: int | None
    champion_package: str | None
    test_split: str
    time: str
    gates: tuple[Gate, ...]

    @property
    def passed(self) -> bool:
        """Whether every gate was computed and passed."""
        verdicts = {gate.name: gate.passed for gate in self.gates}
        return set(verdicts) >= set(GATES) and all(verdicts.values())

    @property
    def failures(self) -> list[str]:
        """`NAME: reason` of each failed or missing gate."""
        missing = [f"{name}: was not computed" for name in GATES if name not in {gate.name for gate in self.gates}]
        return [f"{gate.name}: {gate.reason}" for gate in self.gates if not gate.passed] + missing

    @property
    def verdict(self) -> str:
        """The decision in one sentence."""
        if self.passed:
            return "All gates passed."
        return f"Failed: {', '.join(failure.split(':')[0] for failure in self.failures)}."

    def markdown(self) -> str:
        """The verdict and a table for the version's page in the MLflow UI."""
        against = f"champion version {self.champion}" if self.champion is not None else "no champion"
        rows = [f"| {gate.name} | {'pass' if gate.passed else '**FAIL**'} | {gate.reason} |" for gate in self.gates]
        return "\n".join(
            [
                f"{self.verdict} Judged {self.time[:16].replace('T', ' ')} UTC against {against}, on the test split "
                f"{self.test_split[:8]}.",
                "",
                "| gate | verdict | why |",
                "| --- | --- | --- |",
                *rows,
            ]
        )
