"""Tables, ranks and rank correlations."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.grid.definition import Definition
from pipeline.grid.render import draw, write_csv, write_markdown
from pipeline.grid.tables import fill_tables
from tests.pipeline.grid.conftest import GRID


def result(rmse: float, mse: float = 1.0, **fields: Any) -> dict[str, Any]:
    about = {"state": "finished", "budget": 1.0, "machine": "M", "train_images": 9, "train_seconds": 1.0}
    return about | {"metrics": {"keypoints": {"image_rmse_px": rmse, "mse_px2": mse}}} | fields


def definition(**published: float) -> Definition:
    rows = [{"name": n, "table": "points", "published": {"rmse": v}} for n, v in published.items()]
    return Definition.model_validate({**GRID, "rows": rows})


def test_ranks_are_over_rows_that_have_both() -> None:
    results = {"a": result(9.0), "b": result(3.0), "c": {"state": "failed", "message": "no\nmemory"}}
    filled = fill_tables(definition(a=1.0, b=2.0, c=0.5, d=0.1, e=0.2), results)[0]
    assert [(line.rank_published, line.rank_ours) for line in filled.lines[:2]] == [(1, 2), (2, 1)]
    assert np.isnan(filled.lines[2].rank_ours)
    assert filled.missing == ["c (failed: no)", "d, e (not run)"]


def test_higher_is_better_where_the_metric_says_so() -> None:
    one = definition(a=1.0, b=2.0).model_dump()
    one["tables"]["points"]["metrics"]["rmse"] |= {"better": "higher", "scale": 100}
    filled = fill_tables(Definition.model_validate(one), {"a": result(0.1), "b": result(0.2)})[0]
    assert [line.rank_ours for line in filled.lines] == [2, 1]
    assert [line.ours["rmse"] for line in filled.lines] == pytest.approx([10, 20])


def test_seeds_are_averaged() -> None:
    rows = [{"name": "a", "table": "points", "seeds": [1, 2, 3]}]
    one = Definition.model_validate({**GRID, "rows": rows})
    filled = fill_tables(one, {"a-s1": result(1.0), "a-s2": result(3.0)})[0]
    assert filled.lines[0].ours["rmse"] == 2
    assert filled.lines[0].note == "1 of 3 seeds not run"
    assert not filled.published


def test_files_hold_what_was_found(tmp_path: Any) -> None:
    one, results = definition(a=1.0, b=2.0, c=3.0), {"a": result(1.5), "b": result(2.5), "c": result(3.5, budget=0.1)}
    filled = fill_tables(one, results)
    write_markdown(one, filled, results, tmp_path / "t.md")
    write_csv(filled, tmp_path / "t.csv")
    assert draw(filled, tmp_path / "t.png")
    text = (tmp_path / "t.md").read_text()
    assert "| a |  | – / 1.00 | 1.00 / 1.50 | 1 → 1 |" in text
    assert "Budget (share of the epochs): 0.1, 1; rows differ." in text
    assert "RMSE: Spearman +1.00 (p < 0.001; 95 % over rows +1.00 to +1.00), Kendall" in text
    assert "of mean label" not in text, "no row has it"
    table = pd.read_csv(tmp_path / "t.csv")
    assert len(table) == 6
    assert table[table["metric"] == "rmse"]["ours"].tolist() == [1.5, 2.5, 3.5]


def test_errors_of_images_give_an_interval_over_people(tmp_path: Any) -> None:
    one = definition(a=1.0, b=2.0, c=3.0).model_dump()
    one["tables"]["points"]["metrics"]["rmse"]["per_image"] = "rmse_px"
    grid, people = Definition.model_validate(one), [f"s{number // 2}" for number in range(12)]
    errors = {"a": np.arange(12.0), "b": np.arange(12.0) + 1, "c": 13.0 - np.arange(12)}
    tables = {
        name: pd.DataFrame({"image": range(12), "subject": people, "rmse_px": values})
        for name, values in errors.items()
    }
    results = {
        name: result(float(values.mean()), mean_label={"keypoints": {"image_rmse_px": 20.0}})
        for name, values in errors.items()
    }
    filled = fill_tables(grid, results, tables.get)
    spearman = filled[0].agreement["rmse"].spearman
    # the errors of c go against those of a and b: with other people it is the best
    assert spearman.people.low < 0 < spearman.people.high == spearman.value == 1
    assert np.isnan(filled[0].agreement["mse"].spearman.value), "all rows have the same"
    assert filled[0].lines[0].of_mean_label == pytest.approx(5.5 / 20)
    write_markdown(grid, filled, results, tmp_path / "t.md")
    assert "| of mean label | rank |" in (tmp_path / "t.md").read_text()
    assert "over test people" in (tmp_path / "t.md").read_text()
    tables["c"] = tables["c"].assign(image=range(1, 13))
    assert np.isnan(fill_tables(grid, results, tables.get)[0].agreement["rmse"].spearman.people.low)
    del tables["c"]
    assert np.isnan(fill_tables(grid, results, tables.get)[0].agreement["rmse"].spearman.people.low)


def test_nothing_run_is_said_and_drawn_nowhere(tmp_path: Any) -> None:
    one = definition(a=1.0)
    filled = fill_tables(one, {})
    write_markdown(one, filled, {}, tmp_path / "t.md")
    assert "No row has been run." in (tmp_path / "t.md").read_text()
    assert "Missing: a (not run)." in (tmp_path / "t.md").read_text()
    assert not draw(filled, tmp_path / "t.png")
