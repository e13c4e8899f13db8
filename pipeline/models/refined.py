"""The spatial network and a second network on a small window at full resolution around each predicted keypoint."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from pipeline.models.arrangement import Arrangement
from pipeline.models.blocks import ConvBlock, ResidualBlock, brightened, centred, planes
from pipeline.models.box_around import BoxAroundKeypoints
from pipeline.models.codecs import Dsnt, Grid
from pipeline.models.network import KeypointNetwork, Predictions
from pipeline.models.one_name import one_name
from pipeline.models.settings import RefinedSettings
from pipeline.models.spatial import Spatial
from pipeline.problem import Problem

_STRIDE = 2


class Refined(KeypointNetwork):
    """A coarse network predicts the positions; one small network, shared by all keypoints, refines them in windows.

    Markers look alike wherever they are, so the second network learns from every keypoint of every image. Since it sees
    only a window, it can have a resolution that the coarse network cannot afford. The coarse map and a learned bias of
    each keypoint tell it which of several markers in a window is the right one.
    """

    def __init__(self, problem: Problem, settings: RefinedSettings) -> None:
        coarse = Spatial(problem, settings.coarse)
        cells = settings.window // _STRIDE
        super().__init__(problem, settings, Dsnt(Grid(settings.window, settings.window, _STRIDE, cells, cells)))
        self.coarse, self.window, self.jitter = coarse, settings.window, settings.jitter
        width, points = settings.window_width, len(problem.keypoints)
        self.look = nn.Sequential(ConvBlock(problem.input.channels, width), ConvBlock(width, width, stride=_STRIDE))
        self.arrangement = Arrangement(points, max(problem.input.width, problem.input.height) / 4 / settings.stride)
        self.apart_px, self.brighten = settings.apart_px, settings.brighten
        self.sides = [(problem.keypoints.index(a), problem.keypoints.index(b)) for a, b in problem.flip_pairs]
        self.identity = nn.Embedding(points, width)
        self.hint = nn.Conv2d(1, width, 1, bias=False)
        self.think = nn.Sequential(*[ResidualBlock(width) for _ in range(settings.window_blocks)])
        self.maps = nn.Conv2d(width, 2, 1)
        self.around = BoxAroundKeypoints(problem) if settings.box == "keypoints" else None
        self.heads = {
            "box": [*coarse.heads["box"], *([self.around] if self.around else [])],
            "keypoints": [*coarse.heads["keypoints"], self.look, self.identity, self.hint, self.think, self.maps],
        }

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """Return raw outputs, and `coarse` (N, K, rows, columns), the coarse maps, and `origin` (N, K, 2).

        `keypoints` are maps of the windows, and `origin` are the windows' top-left pixels in the input.
        """
        images = planes(pixels)
        images = centred(brightened(images) if self.brighten else images, self.coarse.multiple)
        raw = self.coarse.on_normalised(images)
        grid = self.coarse.codec.grid
        cells = self.arrangement(raw["keypoints"].detach())
        centres = grid.stride * (cells.to(torch.float32) + 0.5) - 0.5
        if self.training:
            # windows are not centred on the coarse prediction, so that the second network learns to correct it
            centres = centres + (2 * torch.rand_like(centres) - 1) * self.jitter
        origin = torch.round(centres - (self.window - 1) / 2).long()
        size = origin.new_tensor([pixels.shape[2], pixels.shape[1]])
        origin = torch.minimum(torch.clamp(origin, min=-self.window // 2), size - self.window // 2)
        where, evidence = self._second_look(images, raw["keypoints"].detach(), origin)
        share = torch.softmax(where.detach().flatten(2), dim=-1)
        outputs = {
            "keypoints": where,
            # the window shows whether a marker is there, the coarse network sees on which part of the leg
            "presence": _both((share * evidence.flatten(2)).sum(dim=-1), raw["presence"].float()),
            "coarse": raw["keypoints"],
            "origin": origin.to(torch.float32),
        }
        return outputs | {"box": self._box(raw["box"], outputs, pixels)}

    def _box(self, head: Tensor, outputs: dict[str, Tensor], pixels: Tensor) -> Float[Tensor, "N 4"]:
        """Return the box codec's input, given the box head's raw output."""
        if self.around is None:
            return head
        # detached, so that learning the box never moves a keypoint
        return self.around(head, self.read_points(outputs).detach(), outputs["presence"].detach() > 0, pixels)

    def _second_look(
        self, images: Tensor, coarse: Float[Tensor, "N K rows columns"], origin: Int[Tensor, "N K 2"]
    ) -> tuple[Float[Tensor, "N K cells cells"], Float[Tensor, "N K cells cells"]]:
        count, points = coarse.shape[:2]
        padded = functional.pad(images, [self.window // 2] * 4)
        features = self.look(_windows(padded, origin + self.window // 2, self.window))
        share = torch.softmax(coarse.flatten(2), dim=-1).unflatten(2, coarse.shape[2:])
        hint = self.hint(self._hint(share, origin))
        bias = self.identity.weight[None, :, :, None, None]
        features = (features + hint).unflatten(0, (count, points)) + bias
        maps = self.maps(self.think(features.flatten(0, 1))).float().unflatten(0, (count, points))
        return maps[:, :, 0], maps[:, :, 1]

    def _hint(self, share: Tensor, origin: Tensor) -> Float[Tensor, "NK 1 cells cells"]:
        """Return the coarse distribution in the windows, one value for each cell of a window."""
        stride, cells = self.coarse.codec.grid.stride, self.window // _STRIDE
        steps = torch.arange(cells, device=origin.device) * _STRIDE
        rows, columns = share.shape[2:]
        x = torch.div(origin[..., 0:1] + steps, stride, rounding_mode="floor")
        y = torch.div(origin[..., 1:2] + steps, stride, rounding_mode="floor")
        inside = ((y >= 0) & (y < rows))[..., :, None] & ((x >= 0) & (x < columns))[..., None, :]
        index = y.clamp(0, rows - 1)[..., :, None] * columns + x.clamp(0, columns - 1)[..., None, :]
        values = share.flatten(2).gather(2, index.flatten(2)).unflatten(2, (cells, cells))
        return (values * inside).flatten(0, 1)[:, None]

    def learn_labels(self, keypoints: Float[Tensor, "N K 2"], labelled: Bool[Tensor, "N K"]) -> None:
        """Learn the offsets between keypoints, in cells of the coarse map."""
        self.arrangement.learn(keypoints / self.coarse.codec.grid.stride, labelled)

    def keypoint_loss(self, raw: dict[str, Tensor], keypoints: Float[Tensor, "N K 2"]) -> Float[Tensor, "N K"]:
        """Return the loss of the coarse map plus that of the window's map.

        A keypoint outside its window gets a constant second loss: half the window's side, in cells.
        """
        local = keypoints - raw["origin"]
        inside = ((local > 0) & (local < self.window - 1)).all(dim=-1)
        second = self.codec.loss(raw["keypoints"], local.clamp(0, self.window - 1))
        missed = torch.full_like(second, self.codec.grid.columns / 2)
        return self.coarse.codec.loss(raw["coarse"], keypoints) + torch.where(inside, second, missed)

    def read_out(self, raw: dict[str, Tensor]) -> Predictions:
        """Convert raw head outputs to predictions. Of keypoints at one place only one is present."""
        predictions = super().read_out(raw)
        if self.apart_px:
            # logits, since two high confidences may both be rounded to 1
            there = one_name(raw["presence"], predictions["keypoints"], self.sides, self.apart_px)
            predictions["confidence"] = torch.sigmoid(there)
        return predictions

    def read_points(self, raw: dict[str, Tensor]) -> Float[Tensor, "N K 2"]:
        """Return the keypoints of the second network in input pixels."""
        return raw["origin"] + self.codec.decode(raw["keypoints"])


def _both(a: Float[Tensor, "N K"], b: Float[Tensor, "N K"]) -> Float[Tensor, "N K"]:
    """Return the logit of the product of two probabilities, given their logits."""
    return -torch.logsumexp(torch.stack([-a, -b, -a - b]), dim=0)


def _windows(images: Float[Tensor, "N C H W"], origin: Int[Tensor, "N K 2"], size: int) -> Tensor:
    """Cut square windows out of images, one for each keypoint.

    Args:
        images: Images with enough padding for all windows.
        origin: (x, y) of the windows' top-left pixels in the padded images.
        size: Side of a window, pixels.

    Returns:
        Windows (N * K, C, size, size).
    """
    steps = torch.arange(size, device=images.device)
    row, column = origin[..., 1, None] + steps, origin[..., 0, None] + steps
    index = (row[..., :, None] * images.shape[3] + column[..., None, :]).flatten(1)
    # planes are indexed, so that ONNX Runtime has no reason to compute what comes before on interleaved colours
    cut = images.flatten(2).gather(2, index[:, None].expand(-1, images.shape[1], -1))
    windows = cut.unflatten(2, (-1, size, size)).transpose(1, 2).flatten(0, 1)
    return windows.contiguous(memory_format=torch.channels_last)
