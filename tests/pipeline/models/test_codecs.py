"""Every codec through the same tests, on grids that are neither square nor fit the image."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pipeline.models.codecs import CODECS, BoxCodec, Codec, Coordinates, Dsnt, Grid, Softmax, build_codec
from pipeline.models.settings.codecs import AnyCodec

CASES = [
    {"name": "coordinates"},
    {"name": "dsnt"},
    {"name": "dsnt", "sigma": 2.5},
    {"name": "softmax"},
    {"name": "softmax", "sigma": 3.0},
    *({"name": "heatmap", "decode": how, "sigma": s} for how in ("dark", "soft_argmax") for s in (0.75, 2.0, 4.0)),
    *({"name": "heatmap", "decode": how, "sigma": s} for how in ("argmax", "quarter") for s in (1.0, 3.0)),
    {"name": "simcc"},
    {"name": "simcc", "split": 1, "sigma": 2.0, "decode": "argmax"},
    {"name": "simcc", "split": 3, "sigma": 1.0},
]


def make(case: dict, grid: Grid) -> Codec:
    if case["name"] == "coordinates":
        return Coordinates(grid)
    return build_codec(TypeAdapter(AnyCodec).validate_python(case), grid)


def allowed(case: dict, grid: Grid, points: torch.Tensor) -> torch.Tensor:
    """Return the largest error of a round trip in x and y, pixels, (1, K, 2)."""
    exact = torch.full_like(points, 0.01)
    if case.get("decode") == "argmax":
        return exact + (0.5 / case["split"] if case["name"] == "simcc" else 0.5 * grid.stride)
    if case.get("decode") == "quarter":
        cell = torch.round((points + 0.5) / grid.stride - 0.5)
        last = torch.tensor([grid.columns - 1, grid.rows - 1])
        # nothing to compare at the border of the map, nor on the edge between two cells there
        border = ((cell <= 1) | (cell >= last - 1)).any(dim=-1, keepdim=True)
        return exact + torch.where(border, 0.5, 0.25) * grid.stride
    return exact


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    """Grids of at least three cells a side, some with padding beyond the image."""
    stride = draw(st.sampled_from([1, 2, 4, 8]))
    width, height = (draw(st.integers(3 * stride, 40 * stride)) for _ in range(2))
    padding = draw(st.integers(0, 3))
    return Grid(width, height, stride, -(-width // stride) + padding, -(-height // stride) + padding)


@st.composite
def grids_and_points(draw: st.DrawFn) -> tuple[Grid, torch.Tensor]:
    grid = draw(grids())
    shares = draw(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=4))
    return grid, torch.tensor([shares]) * torch.tensor([grid.width - 1.0, grid.height - 1.0])


def test_every_codec_is_tested() -> None:
    assert {case["name"] for case in CASES} == {*CODECS, "coordinates"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case.values())))
class TestCodec:
    @settings(max_examples=40, deadline=None)
    @given(drawn=grids_and_points())
    def test_decoding_what_was_encoded_gives_the_point(self, case: dict, drawn: tuple[Grid, torch.Tensor]) -> None:
        grid, points = drawn
        codec = make(case, grid)
        raw = codec.encode(points)
        assert ((codec.decode(raw) - points).abs() <= allowed(case, grid, points)).all()

    @settings(max_examples=12, deadline=None)
    @given(drawn=grids_and_points())
    def test_loss_is_smallest_at_the_truth(self, case: dict, drawn: tuple[Grid, torch.Tensor]) -> None:
        grid, points = drawn
        codec = make(case, grid)
        right = codec.loss(codec.encode(points), points)
        assert right.shape == points.shape[:2]
        # 10 px of a small image can be the same place again once it is held inside
        moved = (points + 10).remainder(torch.tensor([grid.width - 1.0, grid.height - 1.0]))
        apart = (moved - points).abs().amax(dim=-1) > 1
        assert (codec.loss(codec.encode(moved), points) > right)[apart].all()

    @settings(max_examples=12, deadline=None)
    @given(drawn=grids_and_points())
    def test_confidence_tells_a_right_output_from_one_that_says_nothing(
        self, case: dict, drawn: tuple[Grid, torch.Tensor]
    ) -> None:
        grid, points = drawn
        codec = make(case, grid)
        raw = codec.encode(points)
        sure, lost = codec.confidence(raw), codec.confidence(torch.zeros_like(raw))
        assert sure.shape == points.shape[:2]
        assert ((sure > 0.3) & (sure <= 1)).all()
        assert ((lost >= 0) & (lost <= 1)).all()
        if case["name"] != "coordinates" and min(grid.width, grid.height) > 24 * grid.stride:
            assert (lost < sure).all()

    def test_losses_have_finite_gradients_at_certainty(self, case: dict) -> None:
        codec = make(case, Grid(40, 24, 4, 10, 6))
        points = torch.tensor([[[16.9, 9.1], [0.0, 0.0], [39.0, 23.0]]])
        raw = codec.encode(points).clone().requires_grad_()
        codec.loss(raw, points).sum().backward()
        assert raw.grad is not None
        assert torch.isfinite(raw.grad).all()

    def test_whatever_a_network_says_is_read_out_as_a_finite_point(self, case: dict) -> None:
        codec = make(case, Grid(40, 24, 4, 10, 6))
        like = codec.encode(torch.zeros(1, 2, 2))
        for raw in (torch.zeros_like(like), -torch.ones_like(like), 1e3 * torch.randn_like(like)):
            points = codec.decode(raw)
            assert torch.isfinite(points).all()
            assert torch.isfinite(codec.confidence(raw)).all()


def test_a_gaussian_is_read_out_rightly_beside_noise_and_a_second_lower_peak() -> None:
    grid, points = Grid(128, 96, 2, 64, 48), torch.tensor([[[40.3, 31.9]]])
    torch.manual_seed(0)
    for decode, most in (("argmax", 2.0), ("quarter", 1.5), ("dark", 0.5), ("soft_argmax", 0.5)):
        codec = make({"name": "heatmap", "decode": decode, "sigma": 2.0}, grid)
        raw = codec.encode(points) + 0.5 * codec.encode(points + 50) + 0.01 * torch.randn(1, 1, 48, 64)
        assert torch.linalg.vector_norm(codec.decode(raw) - points) < most


def test_a_name_alone_is_a_codec_with_its_defaults() -> None:
    codec = TypeAdapter(AnyCodec)
    assert codec.validate_python("heatmap") == codec.validate_python({"name": "heatmap"})
    with pytest.raises(ValidationError, match="nothing"):
        codec.validate_python("nothing")


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


def test_coordinates_are_centred() -> None:
    codec = Coordinates(Grid(40, 24))
    assert torch.allclose(codec.decode(torch.zeros(1, 1, 2)), torch.tensor([[[19.5, 11.5]]]))
