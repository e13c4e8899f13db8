"""A comparison reports a known effect, and reports no effect where there is none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heelstrike.errors import UserError
from pipeline.grid.compare import Compared, compare
from pipeline.grid.definition import Comparison
from pipeline.grid.verdict import draw, paragraphs, table

ASKED = Comparison(
    slice="tone", values=("light", "dark"), pairs=(("plain", "colour"),), what="colour", note="Rendered."
)


def tables(folder: Path, dark_plain: float, dark_colour: float, seeds: int = 3) -> tuple[list[Path], list[Path]]:
    """Twelve people a tone, four images each; light 1 px, dark as given, people and trainings differ a little."""
    rng = np.random.default_rng(1)
    subjects = np.repeat(np.arange(24), 4)
    dark, person = subjects % 2 == 1, rng.normal(0, 0.1, 24)[subjects]
    written: tuple[list[Path], list[Path]] = ([], [])
    for group, level in enumerate((dark_plain, dark_colour)):
        for seed in range(seeds):
            error = np.where(dark, level, 1.0) + person + rng.normal(0, 0.05, len(subjects))
            frame = pd.DataFrame({"image": np.arange(96), "subject": subjects.astype(str), "rmse_px": error})
            path = folder / f"{group}-{seed}.parquet"
            frame.assign(slice_tone=np.where(dark, "dark", "light")).to_parquet(path)
            written[group].append(path)
    return written


def compared(folder: Path, dark_plain: float, dark_colour: float) -> Compared:
    return compare(ASKED, ("plain", "colour"), tables(folder, dark_plain, dark_colour))


def test_a_smaller_difference_is_found_and_said(tmp_path: Path) -> None:
    one = compared(tmp_path, 2.0, 1.4)
    assert one.spread_change.value == pytest.approx(-0.6, abs=0.05)
    assert one.spread_change.interval.high < 0
    assert [v.subjects for v in one.values] == [12, 12]
    assert one.values[1].errors[0].interval.low < 2.0 < one.values[1].errors[0].interval.high + 0.1
    first, second = paragraphs(ASKED, one)
    assert "trained 3 times and judged on 96 test images of 24 people" in first
    assert "The difference between values of tone is smaller with colour" in second
    assert "all one way" in second
    assert "The error itself is smaller" in second
    assert second.endswith("Rendered.")
    draw(ASKED, [one], tmp_path / "f.png")
    assert (tmp_path / "f.png").stat().st_size > 1000
    assert len(table(ASKED, one)) == 6


def test_a_larger_difference_is_said_as_such(tmp_path: Path) -> None:
    assert "is larger with colour" in paragraphs(ASKED, compared(tmp_path, 1.4, 2.0))[1]


def test_no_difference_is_not_sold_as_one(tmp_path: Path) -> None:
    one = compared(tmp_path, 1.5, 1.5)
    assert one.spread_change.interval.low < 0 < one.spread_change.interval.high
    second = paragraphs(ASKED, one)[1]
    assert "is not shown" in second
    assert "smaller with" not in second


def test_of_too_few_people_nothing_is_concluded(tmp_path: Path) -> None:
    written = tables(tmp_path, 2.0, 1.0)
    for path in (*written[0], *written[1]):
        frame = pd.read_parquet(path)
        frame[frame["subject"].isin(["0", "1", "2", "3"])].to_parquet(path)
    second = paragraphs(ASKED, compare(ASKED, ("plain", "colour"), written))[1]
    assert second == "One value has only 2 people: too few to conclude anything about people. Rendered."


def test_a_difference_that_seeds_do_not_agree_on_is_not_shown(tmp_path: Path) -> None:
    plain, _ = tables(tmp_path, 2.0, 2.0)
    (tmp_path / "other").mkdir()
    colour = [
        tables(tmp_path / "other", level, level, seeds=1)[0][0].rename(tmp_path / f"c{level}.parquet")
        for level in (1.7, 2.2, 1.95)
    ]
    one = compare(ASKED, ("plain", "colour"), (plain, colour))
    assert one.spread_change.value == pytest.approx(-0.05, abs=0.05)
    assert "is not shown" in paragraphs(ASKED, one)[1]
    assert "not all one way" in paragraphs(ASKED, one)[1]


def test_a_value_that_is_not_in_the_data_is_a_message(tmp_path: Path) -> None:
    asked = ASKED.model_copy(update={"values": ("light", "dark", "green")})
    some = compare(asked, ("plain", "colour"), tables(tmp_path, 1, 1))
    assert [value.name for value in some.values] == ["light", "dark"]
    assert "No test image has tone green." in paragraphs(asked, some)[1]
    asked = ASKED.model_copy(update={"values": ("light", "green")})
    with pytest.raises(UserError, match="no test image has tone green"):
        compare(asked, ("plain", "colour"), tables(tmp_path, 1, 1))
    with pytest.raises(UserError, match="'age', which is not a slice"):
        compare(ASKED.model_copy(update={"slice": "age"}), ("plain", "colour"), tables(tmp_path, 1, 1))
