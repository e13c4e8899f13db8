"""Loading of one network's weights into another: fitting tensors are counted, the others are named."""

from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from heelstrike.errors import UserError
from heelstrike.preprocess.settings import InputSize
from pipeline.models.build import build_model
from pipeline.models.initial_weights import (
    NothingLoadedError,
    load_matching,
    read_weights,
)
from pipeline.models.network import Network
from pipeline.models.settings import (
    RefinedSettings,
    RegressionNetSettings,
    SpatialSettings,
    UnetPlusPlusSettings,
    UnetSettings,
)
from pipeline.problem import Problem


def problem(points: int = 2, channels: int = 3) -> Problem:
    size = InputSize(width=48, height=32, channels=channels)
    return Problem(keypoints=tuple(f"p{k}" for k in range(points)), input=size)


def light(of: Problem, **settings: Any) -> Network:
    """Make a network of two blocks with 4 and 8 channels, a hidden layer of 8, and the output layer."""
    chosen = {"channels": (4, 8), "hidden": (8,), "dropout": 0.0} | settings
    return build_model(of, RegressionNetSettings.model_validate({"name": "regressionnet", **chosen}))


def states(network: Network) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def test_the_same_network_is_taken_whole() -> None:
    source, target = light(problem()), light(problem())
    loaded = load_matching(target, states(source), "hand/4")
    assert all(torch.equal(value, source.state_dict()[name]) for name, value in target.state_dict().items())
    parameters = sum(p.numel() for p in target.parameters())
    assert (loaded.parameters, loaded.of_parameters) == (parameters, parameters)
    assert (loaded.left, loaded.adapted, loaded.unused) == ({}, [], 0)


def test_another_number_of_keypoints_leaves_the_last_layers_and_says_their_shapes() -> None:
    source, target = light(problem(2)), light(problem(5))
    before = states(target)
    loaded = load_matching(target, states(source), "hand/4")
    # the last layer says x, y and visibility of each point, from 8 numbers and a bias
    assert sorted(loaded.left.values()) == ["its shape is 6, this one's 15", "its shape is 6×8, this one's 15×8"]
    assert loaded.of_parameters - loaded.parameters == 5 * 3 * (8 + 1)
    assert loaded.tensors == loaded.of_tensors - 2
    for name, value in target.state_dict().items():
        assert torch.equal(value, before[name] if name in loaded.left else source.state_dict()[name])


def test_what_another_network_has_and_has_not_is_counted() -> None:
    source, target = light(problem(), channels=(4, 8, 8)), light(problem())
    loaded = load_matching(target, states(source), "hand/4")
    assert loaded.unused == 6  # the third block: weights and five tensors of its normalisation
    assert loaded.left == {}
    back = load_matching(source, states(target), "chest/1")
    assert set(back.left.values()) == {"not in it"}
    assert len(back.left) == 6


@pytest.mark.parametrize(("own_channels", "source_channels"), [(1, 3), (3, 1)])
def test_a_gray_picture_gives_the_same_features_whatever_the_channels(own_channels: int, source_channels: int) -> None:
    source, target = light(problem(channels=source_channels)).eval(), light(problem(channels=own_channels)).eval()
    loaded = load_matching(target, states(source), "hand/4")
    assert len(loaded.adapted) == 1
    assert loaded.parameters == loaded.of_parameters
    gray = torch.randint(0, 256, (2, 32, 48, 1), dtype=torch.uint8)
    with torch.inference_mode():
        networks = ((source, source_channels), (target, own_channels))
        a, b = (network.predict(gray.expand(-1, -1, -1, n))["keypoints"] for network, n in networks)
    assert torch.allclose(a, b, atol=1e-4)


def test_an_encoder_fits_whatever_decoder_is_behind_it() -> None:
    source = build_model(problem(), UnetSettings(name="unet", encoder="mobilenet_v2", width=4))
    target = build_model(problem(), UnetPlusPlusSettings(name="unetplusplus", encoder="mobilenet_v2", width=8))
    loaded = load_matching(target, states(source), "hand/4")
    encoder = {name for name in target.state_dict() if name.startswith("body.encoder.")}
    assert not encoder & loaded.left.keys()
    assert torch.equal(
        target.state_dict()["body.encoder.features.0.0.weight"], source.state_dict()["body.encoder.features.0.0.weight"]
    )


def test_what_is_learned_from_labels_is_the_problems_own() -> None:
    settings = RefinedSettings(name="refined", width=4, levels=2, window=16)
    source, target = build_model(problem(), settings), build_model(problem(), settings)
    source.learn_labels(torch.rand(20, 2, 2) * 30, torch.ones(20, 2, dtype=torch.bool))
    load_matching(target, states(source), "hand/4")
    assert target.state_dict()["arrangement.precision"].abs().sum() == 0
    assert source.state_dict()["arrangement.precision"].abs().sum() > 0


def test_nothing_that_fits_is_refused() -> None:
    target = build_model(problem(), SpatialSettings(name="spatial", width=4, levels=2))
    with pytest.raises(NothingLoadedError, match=r"nothing of hand/4 fits this network.*init_from: null"):
        load_matching(target, states(light(problem())), "hand/4")


def test_a_file_that_is_no_weights_is_a_message(tmp_path: Any) -> None:
    save_file({"a": torch.ones(2)}, str(tmp_path / "good"))
    assert torch.equal(read_weights(tmp_path / "good")["a"], torch.ones(2))
    (tmp_path / "bad").write_bytes(b"pickle")
    with pytest.raises(UserError, match="not weights of a network"):
        read_weights(tmp_path / "bad")
