"""Lines and tables of text on a page of PDF, from the top down."""

import textwrap

from reportlab.lib.colors import HexColor
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from heelstrike.numbers import fixed
from heelstrike.units import symbol

INK, QUIET, RULE = HexColor("#17242b"), HexColor("#56666f"), HexColor("#c9d3d8")
_FONT, _BOLD = "Helvetica", "Helvetica-Bold"
_DIGITS = {"s": 2, "ratio": 3}
_LETTER = 0.47  # mean width of a letter, in sizes of the font
_FOOT = 10 * mm


def written(value: float | None, unit: str) -> str:
    """Return a number with its unit; a dash if there is none."""
    if value is None:
        return "–"
    digits = _DIGITS.get(unit, 1)
    return f"{fixed(value, digits).replace('-', '–')}{symbol(unit)}"


class Writer:
    """Writes text below what was written before.

    Attributes:
        y: Where the next line goes, in points from the bottom of the page.

    Args:
        canvas: The page.
        x: Left edge of the text.
        y: Top of the text.
        width: Width of a line.
    """

    def __init__(self, canvas: Canvas, x: float, y: float, width: float) -> None:
        self._canvas, self._x, self._width = canvas, x, width
        self.y = y

    def title(self, text: str) -> None:
        """Write the title of the page."""
        self._write(_readable(text[:70]), 16, _BOLD)

    def line(self, text: str, small: bool = False) -> None:
        """Write a sentence, in several lines if it is long."""
        size = 8 if small else 10
        for part in textwrap.wrap(_readable(text), int(self._width / (_LETTER * size))):
            self._write(part, size, _FONT)

    def table(self, head: list[str], rows: list[list[str]]) -> None:
        """Write a table. The first column has names and is as wide as two others."""
        if not rows:
            return
        self.y -= 2 * mm
        lefts = [self._x + self._width * (column + (column > 0)) / (len(head) + 1) for column in range(len(head))]
        for number, row in enumerate([head, *rows]):
            self._canvas.setFont(_FONT if number else _BOLD, 9)
            self._canvas.setFillColor(INK if number else QUIET)
            self.y -= 4.6 * mm
            for left, text in zip(lefts, row, strict=True):
                self._canvas.drawString(left, self.y, _readable(text))
            self._canvas.setStrokeColor(RULE)
            self._canvas.line(self._x, self.y - 1.2 * mm, self._x + self._width, self.y - 1.2 * mm)
        self.y -= 5 * mm

    def foot(self, text: str) -> None:
        """Write a line at the bottom of the page."""
        self.y = _FOOT + 10
        self._write(text, 8, _FONT)

    def _write(self, text: str, size: float, font: str) -> None:
        self._canvas.setFont(font, size)
        self._canvas.setFillColor(INK if size > 8 else QUIET)
        self.y -= size * 1.4
        self._canvas.drawString(self._x, self.y, text)


def _readable(text: str) -> str:
    """Return a text with the letters that PDF's own fonts have (Windows-1252); others become question marks."""
    return text.replace("−", "–").encode("cp1252", errors="replace").decode("cp1252")
