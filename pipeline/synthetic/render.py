"""Drawing of textured strips, discs and hulls with anti-aliased edges at sub-pixel positions.

A layer is a part of the image that is being drawn on. Layers of several instants of the exposure are averaged and put
back into the image, which gives motion blur.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8


@dataclass
class Layer:
    """Part of an image that is drawn on.

    Attributes:
        x: Column of its first pixel in the image.
        y: Row of its first pixel in the image.
        colour: 8-bit values as float32 (h, w, 3).
        solid: Opacity of what was drawn, 0 to 1 (h, w).
    """

    x: int
    y: int
    colour: Float[np.ndarray, "h w 3"]
    solid: Float[np.ndarray, "h w"]

    @classmethod
    def of(cls, image: Float[np.ndarray, "H W 3"], points: Float[np.ndarray, "n 2"], margin: float) -> "Layer":
        """Copy the part of the image around some points; one pixel if all points lie outside."""
        height, width = image.shape[:2]
        x0, y0 = np.clip(np.floor(points.min(axis=0) - margin), 0, [width - 1, height - 1]).astype(int)
        x1, y1 = np.clip(np.ceil(points.max(axis=0) + margin), [x0 + 1, y0 + 1], [width, height]).astype(int)
        return cls(int(x0), int(y0), image[y0:y1, x0:x1].copy(), np.zeros((y1 - y0, x1 - x0), np.float32))

    def copy(self) -> "Layer":
        """Return a copy, to draw another instant on."""
        return Layer(self.x, self.y, self.colour.copy(), self.solid.copy())

    def paint(self, x: int, y: int, colour: Float[np.ndarray, "h w 3"], cover: Float[np.ndarray, "h w"]) -> None:
        """Blend colour over the layer, from the image pixel (x, y) on. All of it must lie within the layer."""
        rows = slice(y - self.y, y - self.y + cover.shape[0])
        columns = slice(x - self.x, x - self.x + cover.shape[1])
        below = np.ascontiguousarray(self.colour[rows, columns])
        self.colour[rows, columns] = cv2.blendLinear(colour, below, cover, 1 - cover)
        np.maximum(self.solid[rows, columns], cover, out=self.solid[rows, columns])

    def solid_at(self, points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n"]:
        """Return `solid` at image points; 0 outside the layer and for NaN points."""
        at = np.rint(np.nan_to_num(points, nan=-1e6)).astype(int) - [self.x, self.y]
        height, width = self.solid.shape
        inside = (at >= 0).all(axis=1) & (at[:, 0] < width) & (at[:, 1] < height)
        values = np.zeros(len(at))
        values[inside] = self.solid[at[inside, 1], at[inside, 0]]
        return values

    def onto(self, image: Float[np.ndarray, "H W 3"]) -> None:
        """Put the layer back into its image."""
        height, width = self.solid.shape
        image[self.y : self.y + height, self.x : self.x + width] = self.colour


def mean_layer(layers: list[Layer]) -> Layer:
    """Return the average of layers of the same part of an image."""
    if len(layers) == 1:
        return layers[0]
    share = 1 / len(layers)
    colour, solid = layers[0].colour * share, layers[0].solid * share
    for layer in layers[1:]:
        colour += layer.colour * share
        solid += layer.solid * share
    return Layer(layers[0].x, layers[0].y, colour, solid)


def paint_strip(
    layer: Layer,
    edges: Float[np.ndarray, "2 n 2"],
    t: Float[np.ndarray, "n"],
    shade: Float[np.ndarray, "n"],
    texture: Float[np.ndarray, "H W 3"],
) -> None:
    """Draw a strip that runs down the image between two edges. Sections that turn upwards are hidden.

    Args:
        layer: Layer to draw on.
        edges: Image points of the left and the right edge, top to bottom.
        t: Texture position of each section, 0 (first row) to 1 (last).
        shade: Brightness factor of each section.
        texture: Colours, 8-bit values as float32; columns run from the left edge to the right.
    """
    left, right = edges
    creep = 1e-4 * np.arange(len(t))
    yl, yr = np.maximum.accumulate(left[:, 1]) + creep, np.maximum.accumulate(right[:, 1]) + creep
    xl, xr, tl, tr = left[:, 0], right[:, 0], t, t
    if yl[-1] < yr[-1]:  # close the lower end by the line between the two edges' ends
        yl, xl, tl = np.append(yl, yr[-1]), np.append(xl, xr[-1]), np.append(tl, tr[-1])
    else:
        yr, xr, tr = np.append(yr, yl[-1] + 1e-4), np.append(xr, xl[-1]), np.append(tr, tl[-1])
    height, width = layer.solid.shape
    top = max(layer.y, int(np.ceil(min(yl[0], yr[0]))))
    bottom = min(layer.y + height, int(np.floor(max(yl[-1], yr[-1]))) + 1)
    if bottom <= top:
        return
    rows = np.arange(top, bottom)
    a, b = (np.interp(rows, y, x).astype(np.float32)[:, None] for y, x in ((yl, xl), (yr, xr)))
    first = max(layer.x, int(np.floor(a.min())) - 1)
    last = min(layer.x + width, int(np.ceil(b.max())) + 2)
    if last <= first:
        return
    ta, tb = (np.interp(rows, y, v).astype(np.float32)[:, None] for y, v in ((yl, tl), (yr, tr)))
    columns = np.arange(first, last, dtype=np.float32)[None]
    cover = np.clip(np.minimum(columns - a, b - columns) + np.float32(0.5), 0, 1)
    share = np.clip((columns - a) / np.maximum(b - a, np.float32(0.5)), 0, 1)
    rows_of, columns_of = np.float32(texture.shape[0] - 1), np.float32(texture.shape[1] - 1)
    colour = cv2.remap(texture, share * columns_of, (ta + (tb - ta) * share) * rows_of, cv2.INTER_LINEAR)
    colour *= np.interp((ta + tb)[:, 0] / 2, t, shade).astype(np.float32)[:, None, None]
    layer.paint(first, top, colour, cover)


def paint_disc(
    layer: Layer,
    centre: Float[np.ndarray, "2"],
    axes: Float[np.ndarray, "2 2"],
    colour: Float[np.ndarray, "3"],
    rim: float = 0.0,
) -> None:
    """Draw a disc seen at an angle: the ellipse centre + axes @ (unit disc).

    Args:
        layer: Layer to draw on.
        centre: Image point of the disc's centre.
        axes: Columns are the images of two perpendicular radii, pixels.
        colour: 8-bit values.
        rim: Share by which the edge is darker than the centre, 0 to 1.
    """
    plane = _plane(layer, centre, axes)
    if plane is None:
        return
    x0, y0, p, q = plane
    (a, b), (c, d) = axes.tolist()
    determinant = a * d - b * c
    radius = np.sqrt(p * p + q * q) + 1e-9
    # the length of the radius' gradient per pixel, so that edges are one pixel wide in every direction
    gx, gy = (p * d - q * c) / (radius * determinant), (q * a - p * b) / (radius * determinant)
    cover = np.clip((1 - radius) / np.sqrt(gx * gx + gy * gy) + 0.5, 0, 1).astype(np.float32)
    bright = 1 - rim * np.clip(radius, 0, 1) ** 4
    shaded = np.minimum(bright[..., None] * colour, 255).astype(np.float32)
    layer.paint(x0, y0, shaded, cover)


def paint_pattern(
    layer: Layer,
    centre: Float[np.ndarray, "2"],
    axes: Float[np.ndarray, "2 2"],
    colour: Float[np.ndarray, "S S 3"],
    cover: Float[np.ndarray, "S S"],
) -> None:
    """Draw a square picture seen at an angle: its middle is at the centre, its sides end at the axes.

    Args:
        layer: Layer to draw on.
        centre: Image point of its middle.
        axes: Columns are the images of half its width and half its height, pixels.
        colour: 8-bit values of the picture.
        cover: Opacity of the picture, 0 to 1.
    """
    plane = _plane(layer, centre, axes)
    if plane is None:
        return
    x0, y0, p, q = plane
    half = np.float32((len(cover) - 1) / 2)
    at = (p.astype(np.float32) + 1) * half, (q.astype(np.float32) + 1) * half
    opaque = cv2.remap(cover, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    shaded = cv2.remap(
        np.minimum(colour, 255).astype(np.float32), *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    layer.paint(x0, y0, shaded, opaque)


def _plane(
    layer: Layer, centre: Float[np.ndarray, "2"], axes: Float[np.ndarray, "2 2"]
) -> tuple[int, int, Float[np.ndarray, "h w"], Float[np.ndarray, "h w"]] | None:
    """Return where a disc's pixels begin in the image (x, y), and their coordinates in units of its two radii.

    `None` if it lies outside the layer or is seen from its edge.
    """
    reach = float(np.ceil(np.abs(axes).sum(axis=1).max())) + 1
    (height, width), (cx, cy) = layer.solid.shape, (float(centre[0]), float(centre[1]))
    x0, y0 = max(int(np.floor(cx - reach)), layer.x), max(int(np.floor(cy - reach)), layer.y)
    x1 = min(int(np.ceil(cx + reach)) + 1, layer.x + width)
    y1 = min(int(np.ceil(cy + reach)) + 1, layer.y + height)
    (a, b), (c, d) = axes.tolist()
    determinant = a * d - b * c
    if x1 <= x0 or y1 <= y0 or abs(determinant) < 1e-3:
        return None
    dx = np.arange(x0, x1, dtype=np.float32)[None] - np.float32(cx)
    dy = np.arange(y0, y1, dtype=np.float32)[:, None] - np.float32(cy)
    return x0, y0, (d * dx - b * dy) / determinant, (a * dy - c * dx) / determinant


def paint_hull(
    layer: Layer, points: Float[np.ndarray, "n 2"], colour: Float[np.ndarray, "3"], below: float = 1.0
) -> None:
    """Draw the convex hull of image points. `below` is the brightness of its lower end relative to its upper end."""
    height, width = layer.solid.shape
    corner = np.array([layer.x, layer.y])
    low = np.clip(np.floor(points.min(axis=0)).astype(int) - 1 - corner, 0, [width - 1, height - 1])
    high = np.clip(np.ceil(points.max(axis=0)).astype(int) + 2 - corner, low + 1, [width, height])
    (x0, y0), (x1, y1) = low, high
    hull = cv2.convexHull((points - corner - low).astype(np.float32))[:, 0]
    cover: UInt8[np.ndarray, "h w"] = np.zeros((y1 - y0, x1 - x0), np.uint8)
    cv2.fillConvexPoly(cover, np.rint(hull * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    shade = np.linspace(1, below, y1 - y0)[:, None, None] * colour
    filled = np.ascontiguousarray(np.broadcast_to(shade, (y1 - y0, x1 - x0, 3)), dtype=np.float32)
    layer.paint(int(x0 + layer.x), int(y0 + layer.y), filled, cover.astype(np.float32) / np.float32(255))
