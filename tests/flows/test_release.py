"""The state of the Prefect flow at the end of a retrain."""

import pytest
from prefect.artifacts import MarkdownArtifact

from flows.release import decision_key


@pytest.mark.parametrize("problem", ["rearfoot", "stickfigure_sides", "Left-Foot_2"])
def test_prefect_takes_the_key_of_any_problem(problem: str) -> None:
    key = decision_key(problem)
    assert MarkdownArtifact(key=key, markdown="").key == key
    assert key.endswith("-decision")
