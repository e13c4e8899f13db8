"""The result of the disturbed check, as JSON for machines and as a table for people."""

import csv
import io
import json
import math
from pathlib import Path

from pydantic import ValidationError

from heelstrike.errors import UserError
from heelstrike.settings import Strict
from pipeline.markdown import table_row
from pipeline.package.disturbed.tally import Tally
from pipeline.package.settings import DisturbedSettings
from pipeline.scoring.format import share
from pipeline.scoring.score import rounded

DISTURBED = "disturbed.json"
"""File of the result; it holds null without `package.disturbed`."""

SHARES = {
    "found_share": "found",
    "near_share": "of those within 2 px",
    "far_share": "beyond 20 px",
    "called_present_share": "absent called present",
    "measured_share": "measured",
    "off_share": "of those off",
    "uncovered_share": "off and not covered",
}


class Disturbed(Strict):
    """What a package answered on disturbed pictures.

    Attributes:
        package: Digest of the package.
        test_split: SHA-256 of the test split's file.
        settings: How many images were shown, and what is wrong.
        kinds: Counts by kind of picture.
    """

    package: str
    test_split: str
    settings: DisturbedSettings
    kinds: dict[str, Tally]

    @property
    def total(self) -> Tally:
        """The counts over all pictures."""
        return sum(self.kinds.values(), Tally())

    @property
    def off_share(self) -> float:
        """Share of all measured pictures with a wrong value that its half-width does not cover; NaN if none is."""
        return self.total.shares["uncovered_share"]

    @property
    def numbers(self) -> dict[str, float]:
        """Every finite share by `KIND/SHARE`, and over all pictures by `SHARE`."""
        named = {kind: tally.shares for kind, tally in self.kinds.items()}
        flat = {f"{kind}/{name}": value for kind, shares in named.items() for name, value in shares.items()}
        return {name: value for name, value in (self.total.shares | flat).items() if math.isfinite(value)}


def to_csv(kinds: dict[str, Tally]) -> str:
    """Return a row of counts and shares for each kind; a share of nothing is empty."""
    stream = io.StringIO()
    counts = [name for name in Tally.model_fields if name != "reasons"]
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(["pictures_of", *counts, *SHARES, "not_measured"])
    for kind, tally in kinds.items():
        shares = [rounded(value) for value in tally.shares.values()]
        reasons = "; ".join(f"{code} {count}" for code, count in tally.reasons.items())
        rows.writerow([kind, *(getattr(tally, name) for name in counts), *shares, reasons])
    return stream.getvalue()


def to_markdown(kinds: dict[str, Tally]) -> str:
    """Return the table of shares, the last row over all pictures."""
    everything = kinds | {"all": sum(kinds.values(), Tally())}
    lines = [table_row("pictures", "number", *SHARES.values()), "| --- " * (len(SHARES) + 2) + "|"]
    lines += [
        table_row(kind, tally.pictures, *(share(tally.shares[name]) for name in SHARES))
        for kind, tally in everything.items()
    ]
    return "\n".join(lines)


def read_disturbed(path: Path) -> Disturbed | None:
    """Read a result; `None` if there is no file, or if the check was off.

    Raises:
        UserError: The file is damaged.
    """
    try:
        content = json.loads(path.read_text())
        return None if content is None else Disturbed.model_validate(content)
    except FileNotFoundError:
        return None
    except (ValueError, ValidationError) as error:
        raise UserError(f"{path}: not a readable result ({error}); run the package stage again") from error
