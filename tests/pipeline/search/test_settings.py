"""A space that is impossible is refused before anything runs."""

from typing import Any

import pytest

from heelstrike.errors import UserError


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (
            {"train.learning_rate": {"choose": [1]}},
            "space names 'train.learning_rate', which is not a setting",
        ),
        ({"prepare.filters": {"choose": [1]}}, "space names 'prepare.filters', which is not a setting of model"),
        ({"model.name": {"choose": ["spatial"]}}, "space names 'model.name'"),
        ({"train.lr": {"low": -1, "high": 1}}, r"space\.train\.lr cannot be -1\.0: Input should be greater than 0"),
        ({"train.lr": {"low": 0.1, "high": 0.01}}, r"low 0\.1 must be below high 0\.01"),
        ({"train.lr": {"low": 0, "high": 1, "log": True}}, "above 0 for a logarithmic range"),
        ({"train.batch_size": {"low": 2.5, "high": 8, "whole": True}}, "must be whole numbers"),
        ({"model.codec": {"choose": ["dsnt", "argmax"]}}, r"space\.model\.codec cannot be 'argmax'"),
        ({"train.losses.box": {"choose": ["mae"]}}, r"space\.train\.losses\.box cannot be 'mae'"),
        ({"train.losses.boxes": {"choose": ["l1"]}}, "space names 'train.losses.boxes', which is not a setting"),
        ({"train.lr.box": {"choose": [1]}}, "space names 'train.lr.box', which is not a setting"),
        ({"train": {"choose": [1]}}, "space names 'train', which is not a setting"),
        ({"model.dropout": {"choose": [1.5]}}, r"space\.model\.dropout cannot be 1\.5"),
    ],
)
def test_impossible_space(params: Any, space: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        params(space=space)


def test_candidate_that_does_not_fit_the_input(params: Any) -> None:
    deep = {"name": "multihead", "backbone": {"name": "stack", "channels": [4] * 6}}
    with pytest.raises(UserError, match=r"search\.architectures\.0 halves the image until a cell covers 64 px"):
        params(architectures=[deep])
