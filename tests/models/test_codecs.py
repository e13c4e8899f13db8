"""Encode-decode round trips, on grids that are neither square nor fit the image, and the losses' minima."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.codecs import CODECS, BoxCodec, Codec, Coordinates, Dsnt, Grid, Softmax


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Grids of at least three cells a side, some with padding beyond the image."""
    stride = draw(st.sampled_from([1, 2, 4, 8]))
    width, height = (draw(st.integers(3 * stride, 40 * stride)) for _ in range(2))
    padding = draw(st.integers(0, 3))
    return Grid(width, height, stride, -(-width // stride) + padding, -(-height // stride) + padding)


@st.composite
def codecs_and_points(draw: st.DrawFn) -> tuple[Codec, torch.Tensor]:
    codec = CODECS[draw(st.sampled_from(sorted(CODECS)))](draw(grids()))
    shares = draw(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=4))
    size = torch.tensor([codec.grid.width - 1.0, codec.grid.height - 1.0])
    return codec, torch.tensor([shares]) * size


@settings(max_examples=300, deadline=None)
@given(codecs_and_points())
def test_decoding_what_was_encoded_gives_the_point_within_a_hundredth_of_a_pixel(
    drawn: tuple[Codec, torch.Tensor],
) -> None:
    codec, points = drawn
    assert (codec.decode(codec.encode(points)) - points).abs().max() <= 0.01


@settings(max_examples=100, deadline=None)
@given(codecs_and_points())
def test_loss_is_smallest_at_the_truth(drawn: tuple[Codec, torch.Tensor]) -> None:
    codec, points = drawn
    right = codec.loss(codec.encode(points), points)
    assert right.shape == points.shape[:2]
    # 10 px of a small image can be the same place again once it is held inside
    moved = (points + 10).remainder(torch.tensor([codec.grid.width - 1.0, codec.grid.height - 1.0]))
    apart = (moved - points).abs().amax(dim=-1) > 1
    assert (codec.loss(codec.encode(moved), points) > right)[apart].all()


@settings(max_examples=100, deadline=None)
@given(st.integers(8, 300), st.integers(8, 300), st.tuples(*[st.floats(0.02, 0.45)] * 4))
def test_boxes_survive(width: int, height: int, shares: tuple[float, ...]) -> None:
    boxes = torch.tensor([shares]) * torch.tensor([width, height, width, height])
    codec = BoxCodec(width, height)
    assert torch.allclose(codec.decode(codec.encode(boxes)), boxes, atol=0.01)
    assert codec.loss(codec.encode(boxes), boxes).max() < 1e-6


def test_a_box_of_the_whole_image_starts_half_a_pixel_outside_its_first_pixel_centre() -> None:
    codec = BoxCodec(100, 50)
    assert torch.allclose(codec.decode(torch.full((1, 4), 50.0)), torch.tensor([[49.5, 24.5, 100.0, 50.0]]))


def test_cells_lie_where_the_pixels_they_cover_are() -> None:
    x, y = Grid(16, 8, 4, 4, 2).centres()
    assert x.tolist() == [1.5, 5.5, 9.5, 13.5]
    assert y.tolist() == [1.5, 5.5]


@pytest.mark.parametrize("codec", [Dsnt, Softmax])
def test_maps_of_no_opinion_decode_inside_the_image(codec: type[Codec]) -> None:
    points = codec(Grid(40, 24, 4, 10, 6)).decode(torch.zeros(1, 2, 6, 10))
    assert (points >= -0.5).all()
    assert (points <= torch.tensor([39.5, 23.5])).all()


def test_dsnt_of_a_flat_map_is_the_centre() -> None:
    points = Dsnt(Grid(40, 24, 4, 10, 6)).decode(torch.zeros(1, 1, 6, 10))
    assert torch.allclose(points, torch.tensor([[[19.5, 11.5]]]))


def test_dark_reads_between_cells_where_argmax_cannot() -> None:
    codec = Softmax(Grid(40, 24, 4, 10, 6))
    points = torch.tensor([[[16.9, 9.1]]])
    noisy = codec.encode(points) + 0.01 * torch.randn(1, 1, 6, 10, generator=torch.Generator().manual_seed(1))
    assert (codec.decode(noisy) - points).abs().max() < 0.3


@pytest.mark.parametrize("name", sorted(CODECS))
def test_losses_have_finite_gradients_at_certainty(name: str) -> None:
    codec = CODECS[name](Grid(40, 24, 4, 10, 6))
    points = torch.tensor([[[16.9, 9.1], [0.0, 0.0], [39.0, 23.0]]])
    raw = codec.encode(points).clone().requires_grad_()
    codec.loss(raw, points).sum().backward()
    assert raw.grad is not None
    assert torch.isfinite(raw.grad).all()


def test_coordinates_are_centred() -> None:
    codec = Coordinates(Grid(40, 24))
    assert torch.allclose(codec.decode(torch.zeros(1, 1, 2)), torch.tensor([[[19.5, 11.5]]]))
