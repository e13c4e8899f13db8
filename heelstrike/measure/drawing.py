"""Drawings of a closed outline as SVG and DXF, for a mill, cutter or 3-D printer. Equal outlines give equal bytes."""

import io

import ezdxf
import numpy as np
from jaxtyping import Float

from heelstrike.note import NOTE

_MARGIN_MM = 5.0
_LAYER = "OUTLINE"


def svg(outline: Float[np.ndarray, "P 2"]) -> bytes:
    """Return an outline in millimetres as SVG. One unit is a millimetre; y points down, as in the image."""
    low, high = outline.min(axis=0) - _MARGIN_MM, outline.max(axis=0) + _MARGIN_MM
    width, height = high - low
    path = "M" + " L".join(f"{x:.3f},{y:.3f}" for x, y in outline - low) + " Z"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.3f}mm" height="{height:.3f}mm" '
        f'viewBox="0 0 {width:.3f} {height:.3f}">\n<desc>{NOTE}</desc>\n'
        f'<path d="{path}" fill="none" stroke="#000" stroke-width="0.25"/>\n</svg>\n'
    ).encode()


def dxf(outline: Float[np.ndarray, "P 2"]) -> bytes:
    """Return an outline in millimetres as a closed polyline on the layer OUTLINE of a DXF R2010; y points up."""
    previous = ezdxf.options.write_fixed_meta_data_for_testing
    ezdxf.options.write_fixed_meta_data_for_testing = True  # no time stamps, so that the bytes are reproducible
    try:
        document = ezdxf.new("R2010", units=ezdxf.units.MM)
        document.header.custom_vars.append("Software", NOTE)
        document.layers.add(_LAYER)
        low = outline.min(axis=0)
        points = [(float(x - low[0]), float(low[1] - y)) for x, y in outline]
        document.modelspace().add_lwpolyline(points, close=True, dxfattribs={"layer": _LAYER})
        text = io.StringIO()
        document.write(text)
    finally:
        ezdxf.options.write_fixed_meta_data_for_testing = previous
    return text.getvalue().encode()
