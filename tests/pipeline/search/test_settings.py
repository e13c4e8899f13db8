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
        (
            {"train.lr": {"choose": [0.1], "when": {"train.rate": [1]}}},
            r"space\.train\.lr\.when names 'train\.rate', which is not a setting",
        ),
        (
            {
                "model.dropout": {"choose": [0.1, 0.2]},
                "train.lr": {"choose": [0.1], "when": {"model.dropout": [0.3]}},
            },
            r"space\.train\.lr\.when wants model\.dropout to be one of \[0\.3\], which space\.model\.dropout lacks",
        ),
        (
            {
                "model.dropout": {"choose": [0.1], "when": {"train.lr": [0.1]}},
                "train.lr": {"choose": [0.1], "when": {"model.dropout": [0.1]}},
            },
            r"conditions \(when\) of model\.dropout, train\.lr depend on each other in a circle",
        ),
    ],
)
def test_impossible_space(params: Any, space: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        params(space=space)


def test_candidate_that_does_not_fit_the_input(params: Any) -> None:
    deep = {"name": "multihead", "backbone": {"name": "stack", "channels": [4] * 6}}
    with pytest.raises(UserError, match=r"search\.architectures\.0 halves the image until a cell covers 64 px"):
        params(architectures=[deep])


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"first": [{"train.momentum": 1}]}, r"first\.0 has train\.momentum 1, which space does not vary; remove it"),
        ({"first": [{"train.lr": 1.0}]}, r"first\.0 has train\.lr 1\.0, which space\.train\.lr does not allow"),
        ({"objectives": ["size", "error"]}, r"objectives must begin with error and have none twice"),
        ({"objectives": ["error", "size", "size"]}, r"objectives must begin with error and have none twice"),
        ({"brackets": 4}, r"brackets 4 must not be more than rungs 3"),
        ({"prune_after": 1}, r"search\.prune_after is now search\.rungs"),
    ],
)
def test_impossible_settings(params: Any, search: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        params(**search)
