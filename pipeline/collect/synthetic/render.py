"""Raster work: strips with texture, discs, and the layers that a frame is put together from.

A layer holds premultiplied colour (8-bit values as float32) and coverage for a part of the image. Everything is drawn
at sub-pixel positions with anti-aliased edges; several layers of instants within the shutter's opening are averaged.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float


@dataclass
class Layer:
    """Part of an image: its top-left pixel, premultiplied colour (h, w, 3) and coverage (h, w, 1)."""

    x: int
    y: int
    colour: Float[np.ndarray, "h w 3"]
    cover: Float[np.ndarray, "h w 1"]

    @classmethod
    def empty(cls, box: tuple[int, int, int, int]) -> "Layer":
        """A clear layer for the box (x0, y0, x1, y1), ends excluded."""
        x0, y0, x1, y1 = box
        shape = (max(y1 - y0, 1), max(x1 - x0, 1))
        return cls(x0, y0, np.zeros((*shape, 3), np.float32), np.zeros((*shape, 1), np.float32))

    def paint(self, x: int, y: int, colour: Float[np.ndarray, "h w 3"], cover: Float[np.ndarray, "h w"]) -> None:
        """Draw colour over what is there, from the image pixel (x, y) on; it must lie within the layer."""
        rows = slice(y - self.y, y - self.y + cover.shape[0])
        columns = slice(x - self.x, x - self.x + cover.shape[1])
        over = cover[..., None]
        rest = 1 - over
        self.colour[rows, columns] = self.colour[rows, columns] * rest + colour * over
        self.cover[rows, columns] = self.cover[rows, columns] * rest + over

    def cover_at(self, points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n"]:
        """Coverage at image points; 0 outside the layer."""
        at = np.rint(points).astype(int) - [self.x, self.y]
        height, width = self.cover.shape[:2]
        inside = (at >= 0).all(axis=1) & (at[:, 0] < width) & (at[:, 1] < height)
        values = np.zeros(len(at))
        values[inside] = self.cover[at[inside, 1], at[inside, 0], 0]
        return values

    def onto(self, image: Float[np.ndarray, "H W 3"]) -> None:
        """Draw the layer over an image, in place."""
        height, width = self.cover.shape[:2]
        part = image[self.y : self.y + height, self.x : self.x + width]
        part *= 1 - self.cover
        part += self.colour


def mean_layer(layers: list[Layer], blur: float) -> Layer:
    """Average of layers of the same box, blurred by the lens (a Gaussian's deviation in pixels)."""
    colour = sum((one.colour for one in layers[1:]), layers[0].colour) / len(layers)
    cover = sum((one.cover for one in layers[1:]), layers[0].cover) / len(layers)
    both = cv2.GaussianBlur(np.dstack([colour, cover]), (0, 0), blur, borderType=cv2.BORDER_REPLICATE)
    return Layer(layers[0].x, layers[0].y, both[..., :3], both[..., 3:])


def paint_strip(
    layer: Layer,
    left: Float[np.ndarray, "n 2"],
    right: Float[np.ndarray, "n 2"],
    t: Float[np.ndarray, "n"],
    shade: Float[np.ndarray, "n"],
    texture: Float[np.ndarray, "H W 3"],
) -> Float[np.ndarray, "h w"] | None:
    """Draw a strip that runs down the image between two edges; sections that turn upwards are hidden.

    Args:
        layer: Where to draw.
        left: Image points of the left edge, top to bottom.
        right: Image points of the right edge.
        t: Texture position of each section, 0 (first row) to 1 (last).
        shade: Brightness factor of each section.
        texture: Colours; columns run from the left edge to the right.

    Returns:
        Nothing when it lies outside the layer.
    """
    creep = 1e-4 * np.arange(len(t))
    yl, yr = np.maximum.accumulate(left[:, 1]) + creep, np.maximum.accumulate(right[:, 1]) + creep
    xl, xr, tl, tr = left[:, 0], right[:, 0], t, t
    if yl[-1] < yr[-1]:  # close the lower end by the line between the two edges' ends
        yl, xl, tl = np.append(yl, yr[-1]), np.append(xl, xr[-1]), np.append(tl, tr[-1])
    else:
        yr, xr, tr = np.append(yr, yl[-1] + 1e-4), np.append(xr, xl[-1]), np.append(tr, tl[-1])
    height, width = layer.cover.shape[:2]
    top = max(layer.y, int(np.ceil(min(yl[0], yr[0]))))
    bottom = min(layer.y + height, int(np.floor(max(yl[-1], yr[-1]))) + 1)
    first = max(layer.x, int(np.floor(min(xl.min(), xr.min()))) - 1)
    last = min(layer.x + width, int(np.ceil(max(xl.max(), xr.max()))) + 2)
    if bottom <= top or last <= first:
        return None
    rows = np.arange(top, bottom)
    a, b = (np.interp(rows, y, x).astype(np.float32)[:, None] for y, x in ((yl, xl), (yr, xr)))
    ta, tb = (np.interp(rows, y, v).astype(np.float32)[:, None] for y, v in ((yl, tl), (yr, tr)))
    columns = np.arange(first, last, dtype=np.float32)[None]
    share = (columns - a) / np.maximum(b - a, 0.5)
    cover = np.clip(np.minimum(columns - a, b - columns) + 0.5, 0, 1)
    rows_of, columns_of = texture.shape[:2]
    colour = cv2.remap(
        texture,
        share * (columns_of - 1),
        (ta + (tb - ta) * np.clip(share, 0, 1)) * (rows_of - 1),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    colour *= np.interp((ta + tb)[:, 0] / 2, t, shade).astype(np.float32)[:, None, None]
    layer.paint(first, top, colour, cover)
    return cover


def paint_disc(
    layer: Layer,
    centre: Float[np.ndarray, "2"],
    axes: Float[np.ndarray, "2 2"],
    colour: Float[np.ndarray, "3"],
    rim: float = 0.0,
    tilt: Float[np.ndarray, "2"] | None = None,
) -> None:
    """Draw a disc seen at an angle: the ellipse centre + axes @ (unit disc).

    Args:
        layer: Where to draw.
        centre: Image point of its centre.
        axes: Columns are the images of two perpendicular radii, pixels.
        colour: 8-bit values.
        rim: How much darker its edge is than its centre, 0 to 1.
        tilt: How much brighter it gets per radius along each axis.
    """
    reach = np.ceil(np.abs(axes).sum(axis=1).max()) + 1
    height, width = layer.cover.shape[:2]
    x0, y0 = (max(int(np.floor(centre[k] - reach)), (layer.x, layer.y)[k]) for k in (0, 1))
    x1 = min(int(np.ceil(centre[0] + reach)) + 1, layer.x + width)
    y1 = min(int(np.ceil(centre[1] + reach)) + 1, layer.y + height)
    determinant = abs(np.linalg.det(axes))
    if x1 <= x0 or y1 <= y0 or determinant < 1e-3:
        return
    inverse = np.linalg.inv(axes)
    dx, dy = np.arange(x0, x1)[None] - centre[0], np.arange(y0, y1)[:, None] - centre[1]
    p, q = inverse[0, 0] * dx + inverse[0, 1] * dy, inverse[1, 0] * dx + inverse[1, 1] * dy
    radius = np.sqrt(p * p + q * q) + 1e-9
    # pixels per unit of radius in this direction: the gradient of the radius, so that edges are one pixel wide
    gx, gy = (p * inverse[0, 0] + q * inverse[1, 0]) / radius, (p * inverse[0, 1] + q * inverse[1, 1]) / radius
    cover = np.clip((1 - radius) / np.sqrt(gx * gx + gy * gy) + 0.5, 0, 1).astype(np.float32)
    bright = 1 - rim * np.clip(radius, 0, 1) ** 4
    if tilt is not None:
        bright = bright + tilt[0] * p + tilt[1] * q
    shaded = np.clip(bright, 0, 2)[..., None] * colour
    layer.paint(x0, y0, np.minimum(shaded, 255).astype(np.float32), cover)


def paint_hull(layer: Layer, points: Float[np.ndarray, "n 2"], colour: Float[np.ndarray, "3"]) -> None:
    """Draw the convex hull of image points in one colour."""
    height, width = layer.cover.shape[:2]
    hull = cv2.convexHull(points.astype(np.float32))[:, 0] - [layer.x, layer.y]
    cover = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(cover, np.rint(hull * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    layer.paint(
        layer.x, layer.y, np.broadcast_to(colour.astype(np.float32), (height, width, 3)), cover / np.float32(255)
    )
