"""A self-contained HTML page: its style, tables and inlined figures. Nothing is loaded from anywhere."""

import base64
import math
from collections.abc import Set
from html import escape
from pathlib import Path

_MINUS = "\N{MINUS SIGN}"
_CSS = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "DejaVu Sans", Arial, sans-serif; color: #1F2933; background: #fff;
  margin: 0 auto; padding: 28px 32px 64px; max-width: 1080px; }
h1 { font-size: 26px; margin: 0 0 2px; } h2 { font-size: 19px; margin: 40px 0 8px; }
.lead { font-size: 16.5px; margin: 10px 0 20px; max-width: 860px; }
.muted { color: #6B7785; } p { max-width: 860px; margin: 6px 0 12px; }
table { border-collapse: collapse; font-size: 13.5px; margin: 8px 0 14px; }
th, td { text-align: left; padding: 4px 14px 4px 0; border-bottom: 1px solid #E4E8EC; vertical-align: top; }
th { font-weight: 600; border-bottom: 2px solid #C3CAD2; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.strong td { font-weight: 600; }
figure { margin: 14px 0 26px; } figure img { max-width: 100%; height: auto; display: block; }
figcaption { color: #47525E; font-size: 13.5px; max-width: 860px; margin-top: 4px; }
details { margin: 8px 0; } summary { cursor: pointer; color: #0072B2; }
.wide { overflow-x: auto; }
"""


def page(title: str, parts: list[str]) -> str:
    """The whole page."""
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_CSS}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n' + "\n".join(parts) + "\n</body></html>\n"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(header: list[str], rows: list[list[str]], numeric: Set[int], strong: Set[int] = frozenset()) -> str:
    """A table of plain texts.

    Args:
        header: Column titles.
        rows: Cells.
        numeric: Columns that are aligned to the right.
        strong: Rows that stand out.
    """

    def cells(tag: str, values: list[str]) -> str:
        kinds = [' class="n"' if i in numeric else "" for i in range(len(values))]
        return "".join(f"<{tag}{kind}>{escape(value)}</{tag}>" for kind, value in zip(kinds, values, strict=True))

    open_row = {True: '<tr class="strong">', False: "<tr>"}
    body = "\n".join(f"{open_row[i in strong]}{cells('td', row)}</tr>" for i, row in enumerate(rows))
    head = f"<thead><tr>{cells('th', header)}</tr></thead>"
    return f'<div class="wide"><table>{head}<tbody>\n{body}\n</tbody></table></div>'


def inlined(path: Path, caption: str) -> str:
    """A PNG inside the page, with what to see in it."""
    data = base64.b64encode(path.read_bytes()).decode()
    image = f'<img alt="{escape(path.stem)}" src="data:image/png;base64,{data}">'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def folded(summary: str, inner: str) -> str:
    """Something to unfold."""
    return f"<details><summary>{escape(summary)}</summary>{inner}</details>"


def number(value: float | int | None, unit: str = "") -> str:
    """About three significant digits, a dash where there is no number."""
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if isinstance(value, int) or size < 5e-4:
        return f"{value:.0f}{unit}".replace("-0", "0").replace("-", _MINUS)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.095 else 3
    return f"{value:.{digits}f}{unit}".replace("-", _MINUS)


def share(value: float) -> str:
    """A share as a percentage."""
    return number(100 * value, " %")


def span(low: float, high: float, unit: str = "") -> str:
    """An interval, or a dash."""
    return "–" if math.isnan(low) or math.isnan(high) else f"{number(low)} to {number(high)}{unit}"
