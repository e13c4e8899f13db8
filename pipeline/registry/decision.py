"""A decision: which gates a challenger passed, with the numbers, as it is stored on the version."""

from heelstrike.settings import Strict
from pipeline.markdown import table_row

GATES = (
    "validation",
    "finite",
    "error",
    "measurement",
    "comparison",
    "slices",
    "disturbed",
    "latency",
    "parity",
    "signature",
    "not_rolled_back",
)
"""Names of all gates; a decision without a verdict of each promotes nothing."""


class Gate(Strict):
    """One gate's verdict; a gate that could not be computed has failed.

    Attributes:
        name: One of `GATES`.
        passed: True if the challenger passed.
        reason: One line for a person, with the values found and required.
        numbers: The numbers of the reason, for machines.
    """

    name: str
    passed: bool
    reason: str
    numbers: dict[str, float] = {}


class Decision(Strict):
    """The result of comparing a challenger with the champion.

    Attributes:
        problem: Name of the registered model.
        challenger: Version number.
        challenger_package: Digest of its package.
        champion: Version number of the champion at that time; `None` if there was none.
        champion_package: Digest of its package; `None` if there was none.
        test_split: Digest of the test split on which both were evaluated.
        time: Time of the decision, UTC, ISO 8601.
        gates: The verdict of each gate.
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
        """True if every gate was computed and passed."""
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
        rows = [table_row(gate.name, "pass" if gate.passed else "**FAIL**", gate.reason) for gate in self.gates]
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
