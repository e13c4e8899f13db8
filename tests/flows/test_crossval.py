"""`heelstrike crossval` as a person sees it on 80 columns."""

import json
import re
from collections.abc import Callable

from click.testing import Result

from pipeline.layout import Layout
from pipeline.params import ProblemParams
from tests.flows.conftest import result_lines, write_params
from tests.pipeline.crossval.test_crossval import layout, params, prepared  # noqa: F401

Heelstrike = Callable[..., Result]


def test_folds_are_shown_as_they_end_then_the_pooled_numbers_and_files(
    prepared: Layout,  # noqa: F811
    params: ProblemParams,  # noqa: F811
    heelstrike: Heelstrike,
) -> None:
    write_params(prepared.root, discs=params.model_dump(mode="json", by_alias=True))
    done = heelstrike(prepared.root, "crossval", "discs", "--folds", "3")
    assert done.exit_code == 0, done.output
    lines = result_lines(done.stdout)
    for number, line in enumerate(lines[:3]):
        assert re.fullmatch(rf"✓ fold-{number}     [ \d.]+ px  [ \d.]+ % IoU loss  1 round in \d+ s", line), line
    assert lines[3].split() == ["metric", "all", "folds,", "95", "%", "interval", "over", "subjects"]
    pooled = json.loads((prepared.root / "reports/discs/crossval/3-folds/table.json").read_text())["pooled"]
    printed = dict(re.findall(r"^ (\w+\.\w+) +(.*)$", "\n".join(lines), re.MULTILINE))
    values = pooled["keypoints"]
    numbers = [f"{values[f'rmse_px{end}']:.4g}" for end in ("", "_low", "_high")]
    assert printed["keypoints.rmse_px"] == "{} ({} to {})".format(*numbers)
    names = ("table.md", "table.json", "figure.png", "per_image.parquet")
    assert lines[-4:] == [f"✓ reports/discs/crossval/3-folds/{name}" for name in names]

    again = heelstrike(prepared.root, "crossval", "discs", "--folds", "3")
    assert all(line.endswith("from an earlier run") for line in result_lines(again.stdout)[:3])
    assert result_lines(again.stdout)[3:] == lines[3:]


def test_what_cannot_be_is_a_message(layout: Layout, params: ProblemParams, heelstrike: Heelstrike) -> None:  # noqa: F811
    write_params(layout.root, discs=params.model_dump(mode="json", by_alias=True))
    done = heelstrike(layout.root, "crossval", "foot")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "params.yaml has no problem 'foot'; it has discs" in done.stderr
    assert "run `dvc repro prepare@discs` first" in heelstrike(layout.root, "crossval", "discs").stderr
    assert heelstrike(layout.root, "crossval", "discs", "--folds", "2").exit_code == 2
