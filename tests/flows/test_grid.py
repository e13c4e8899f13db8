"""`heelstrike grid` as a person sees it on 80 columns: rows as they run, tables of what is stored."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from heelstrike.files import write_json
from pipeline.grid.run import Places
from pipeline.layout import Layout
from tests.flows.conftest import result_lines, write_params
from tests.pipeline.grid.conftest import GRID, SECTION, grid, layout, params  # noqa: F401
from tests.pipeline.grid.test_parts import results_of
from tests.pipeline.grid.test_tables import result

Heelstrike = Callable[..., Result]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A checkout with one problem and no results."""
    write_params(tmp_path, discs=SECTION)
    return tmp_path


def store(place: Path, results: dict[str, Any]) -> None:
    for name, row_result in results.items():
        write_json(Places(Layout(place, "discs"), "toy").result(name), row_result)


def test_rows_are_shown_as_they_end_and_a_failed_one_fails_the_command(
    grid: Callable[..., str],  # noqa: F811
    layout: Layout,  # noqa: F811
    heelstrike: Heelstrike,
) -> None:
    write_params(layout.root, discs=SECTION)
    rows = [
        {"name": "a", "table": "points"},
        {"name": "twin", "table": "points"},
        {"name": "empty", "table": "points", "train_on": {"tone": ["green"]}},
    ]
    path = grid(rows=rows)
    done = heelstrike(layout.root, "grid", "run", path, "--budget", "0.25")
    assert done.exit_code == 1
    rmse = json.loads(Places(layout, "toy").result("a").read_text())["metrics"]["keypoints"]["rmse_px"]
    trained, twin, empty, *rest = result_lines(done.stdout)
    headline = rf"{rmse:7.2f} px  .*% IoU loss"
    assert re.fullmatch(rf"✓ a          {headline}  1 round in \d+ s", trained)
    assert re.fullmatch(rf"✓ twin       {headline}  the same settings as a", twin)
    assert empty.startswith("✗ empty      train_on {'tone': ('green',)} leaves no training image")
    assert " ".join(rest) == f"2 of 3 rows finished; next: heelstrike grid table {path}"

    again = heelstrike(layout.root, "grid", "run", path, "--budget", "0.25", "--only", "a")
    assert again.exit_code == 0
    assert re.fullmatch(rf"✓ a          {headline}  from an earlier run", result_lines(again.stdout)[0])


def test_a_table_says_published_ours_and_rank(place: Path, grid: Callable[..., str], heelstrike: Heelstrike) -> None:  # noqa: F811
    store(place, {"a": result(2.25, 7.0), "b": result(3.0, 12.5), "c": {"state": "failed", "message": "no memory"}})
    done = heelstrike(place, "grid", "table", grid())
    assert done.exit_code == 0
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[:12] == [
        "",
        "Keypoints",
        " run            MSE           RMSE   rank",
        " a      9.00   7.00    2.50   2.25   1 →  1",
        " b     16.00  12.50    3.50   3.00   2 →  2",
        " c         –      –    4.00      –     –",
        "  published ours; rank: published → ours",
        "  no rank correlation: fewer than three rows have a published value and ours, or",
        "all are equal",
        "  missing: c (failed: no memory)",
        "Budget (share of the epochs): 1.",
        "Machine: M. Training took 0.00 h in all.",
    ]
    reports = Places(Layout(Path(), "discs"), "toy").reports
    assert [line for line in lines if line.startswith("✓")] == [
        f"✓ {reports / name}" for name in ("tables.md", "tables.csv", "tables.png")
    ]


def test_three_rows_have_a_rank_correlation_and_nothing_published_needs_no_rank(
    place: Path,
    grid: Callable[..., str],  # noqa: F811
    heelstrike: Heelstrike,
) -> None:
    store(place, {"a": result(3.0), "b": result(2.0), "c": result(5.0)})
    output = heelstrike(place, "grid", "table", grid()).stdout
    assert "RMSE: Spearman +0.50" in output
    rows = [{"name": name, "table": "points"} for name in "abc"]
    output = heelstrike(place, "grid", "table", grid(rows=rows)).stdout
    assert "rank" not in output.split("Budget")[0]
    assert " a      1.00    3.00" in output


def test_metrics_that_do_not_fit_are_named_and_the_one_that_ranks_stays(
    place: Path,
    grid: Callable[..., str],  # noqa: F811
    heelstrike: Heelstrike,
) -> None:
    store(place, {"a": result(2.0)})
    wide = {f"m{n}": {"of": "keypoints.mse_px2", "title": f"metric number {n}"} for n in range(6)}
    table = GRID["tables"]["points"]
    tables = {"points": table | {"metrics": wide | {"rmse": table["metrics"]["rmse"]}}}
    rows = [{"name": "a", "table": "points", "published": {"m0": 1.0, "rmse": 1.0}}]
    output = heelstrike(place, "grid", "table", grid(tables=tables, rows=rows)).stdout
    heads = next(line for line in output.splitlines() if line.startswith(" run"))
    assert "metric number 0" in heads
    assert "metric number 5" not in heads
    assert "RMSE" in heads
    left = " ".join(f"metric number {n}," for n in (3, 4, 5)).rstrip(",")
    assert f"left out, since the terminal is narrow: {left}" in " ".join(output.split())
    assert max(map(len, output.splitlines()[:8])) <= 80


def test_a_transfer_is_a_matrix_with_its_sentences(tmp_path: Path, heelstrike: Heelstrike) -> None:
    errors = {
        "foot": {"nothing": [10.0, 10.0, 10.0], "hand": [5.0, 5.1, 4.9]},
        "hand": {"nothing": [4.0, 6.0, 5.0], "foot": []},
    }
    (part, _) = results_of(tmp_path, errors)
    for path in tmp_path.rglob("rows/*.json"):
        write_json(path, result(0.0) | json.loads(path.read_text()))
    write_params(tmp_path, foot=SECTION, hand=SECTION)
    path = tmp_path / "toy.yaml"
    path.write_text(yaml.safe_dump(part.definition.model_dump(mode="json") | {"rows": []}))
    done = heelstrike(tmp_path, "grid", "table", str(path))
    assert done.exit_code == 0, done.output
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[0] == "error px"
    assert lines[1].split() == ["target", "from", "nothing", "from", "foot", "from", "hand"]
    assert lines[2].split("  ")[-1].strip() == "5.00 (4.75 to 5.25)"
    assert "hand from foot: 3 of 3 not run" in lines
    assert "Another start helps, by error px, in 1 of 1 pairs: foot from hand" in " ".join(lines)
    assert lines[-3:] == [f"✓ reports/grid/toy/matrix.{suffix}" for suffix in ("md", "csv", "png")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "toy.yaml", "--only", "z"), "no row is called z; there are a, b, c"),
        (("cost", "toy.yaml", "--only", "z"), "no row is called z; there are a, b, c"),
        (("run", "toy.yaml", "--epochs", "3", "--budget", "0.5"), "both set the length of a row; give one of them"),
        (("table", "toy.yaml", "--problem", "foot"), "params.yaml has no problem 'foot'; it has discs"),
        (("table", "nosuch"), "nosuch"),
        (("run", "toy.yaml"), "there is no data set to run a grid on; run `dvc repro` first"),
    ],
)
def test_what_is_not_there_is_a_message(
    place: Path,
    grid: Callable[..., str],  # noqa: F811
    heelstrike: Heelstrike,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    grid()
    done = heelstrike(place, "grid", *arguments)
    assert (done.exit_code, done.stdout.strip()) == (1, "")
    assert message in done.stderr
