"""A grid over several problems: rows for every pair, sources by digest, a matrix of the files' numbers."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file

from heelstrike.errors import UserError
from heelstrike.files import file_digest, write_json
from heelstrike.registry.database import open_mlflow
from pipeline.grid.definition import Definition, load_definition
from pipeline.grid.matrix import mean_of, read_matrix, sentences
from pipeline.grid.matrix_render import write_matrix
from pipeline.grid.parts import Part, parts
from pipeline.grid.row import Scale
from pipeline.grid.run import Places, run_grid
from pipeline.layout import Layout, file_of_start
from pipeline.models.build import build_model, save_weights
from pipeline.params import ProblemParams, parse_params
from tests.pipeline.grid.conftest import SECTION
from tests.pipeline.grid.test_run import RecordingWatch

OTHER = {"problem": {"keypoints": ["red", "green"], "input": {"width": 64, "height": 32}}}


@pytest.fixture
def both() -> dict[str, ProblemParams]:
    """Two problems with one network; the second has a wider input, so that its box head has another shape."""
    return parse_params({"problems": ["discs", "wide"], "discs": SECTION, "wide": SECTION | OTHER})


@pytest.fixture
def transfer(grid: Callable[..., str]) -> Definition:
    return load_definition(grid(rows=[], transfer={"table": "points", "seeds": [1, 2]}))


def names(grids: list[Part]) -> dict[str, list[str]]:
    return {part.problem: [row.name for row in part.definition.rows] for part in grids}


def test_every_target_from_every_source_and_from_nothing(transfer: Definition, both: dict[str, ProblemParams]) -> None:
    grids = parts(transfer, both)
    assert names(grids) == {
        "discs": ["discs-from-nothing", "discs-from-wide"],
        "wide": ["wide-from-nothing", "wide-from-discs"],
    }
    assert names(parts(transfer, both, problem="wide")) == {"wide": ["wide-from-nothing", "wide-from-discs"]}
    asked = parts(transfer, both, only="wide-from-nothing,wide-from-discs-s2")
    assert [(part.problem, part.only) for part in asked] == [("wide", "wide-from-nothing,wide-from-discs-s2")]


def test_imagenet_is_a_source_where_there_is_an_encoder(transfer: Definition) -> None:
    unet = SECTION | {"model": {"name": "unet"}, "train": {"steps": [{"heads": ["keypoints"], "epochs": 1}]}}
    grids = parts(transfer, parse_params({"problems": ["a", "b"], "a": unet, "b": SECTION}))
    assert names(grids) == {
        "a": ["a-from-nothing", "a-from-imagenet", "a-from-b"],
        "b": ["b-from-nothing", "b-from-a"],
    }


def test_what_is_missing_is_said_before_anything_runs(
    transfer: Definition, both: dict[str, ProblemParams], params: ProblemParams, layout: Layout
) -> None:
    with pytest.raises(UserError, match=r"two problems at least are needed; it has discs\..*docs/transfer\.md"):
        parts(transfer, {"discs": params})
    named = transfer.model_copy(
        update={"transfer": transfer.transfer.model_copy(update={"targets": ("discs", "foot")})}
    )  # type: ignore[union-attr]
    with pytest.raises(UserError, match=r"params\.yaml has no foot; it has discs, wide"):
        parts(named, both)
    with pytest.raises(UserError, match="no row is called discs-from-foot; there are discs-from-nothing"):
        parts(transfer, both, only="discs-from-foot")
    part = parts(transfer, both)[0]
    with pytest.raises(UserError, match=r"discs-from-wide-s1 starts from wide, but .* does not exist; .*train@wide"):
        run_grid(part.definition, both["discs"], layout, Scale(0.25), "", RecordingWatch())


def train(problem: str, params: ProblemParams, root: Path) -> Path:
    """Weights as a train stage leaves them."""
    folder = Layout(root, problem).out("train")
    folder.mkdir(parents=True)
    save_weights(build_model(params.problem, params.model), folder / "weights.safetensors")
    return folder / "weights.safetensors"


def test_two_problems_from_each_other_and_from_nothing(
    transfer: Definition, both: dict[str, ProblemParams], layout: Layout
) -> None:
    root, scale = layout.root, Scale(budget=0.25, images=8)
    for stage in ("collect", "split"):  # the same pictures; only the input differs
        shutil.copytree(layout.out(stage), Layout(root, "wide").out(stage))
    weights = {name: train(name, section, root) for name, section in both.items()}
    grids = parts(transfer, both)
    results: dict[str, Any] = {}
    for part in grids:
        watch = RecordingWatch()
        results |= run_grid(part.definition, both[part.problem], Layout(root, part.problem), scale, "", watch)
        assert not any(watch.again.values())
    assert {result["state"] for result in results.values()} == {"finished"}
    assert len(results) == 8
    started_from = results["wide-from-discs-s1"]["started_from"]
    total = sum(p.numel() for p in build_model(both["wide"].problem, both["wide"].model).parameters())
    assert started_from.startswith("discs: ")
    assert f"of {total / 1e6:.2f} M" in started_from
    assert "started_from" not in results["wide-from-nothing-s1"]
    stored = file_of_start(root, file_digest(weights["discs"]))
    assert load_file(str(stored)).keys() == load_file(str(weights["discs"])).keys()

    client = open_mlflow(root)
    runs = client.search_runs([client.get_experiment_by_name("wide").experiment_id])
    tags = {run.info.run_name: run.data.tags.get("started_from", "") for run in runs}
    assert tags["wide-from-discs-s2"].startswith("discs: ")

    again = RecordingWatch()
    run_grid(grids[0].definition, both["discs"], layout, scale, "", again)
    assert all(again.again.values())
    save_weights(build_model(both["wide"].problem, both["wide"].model), weights["wide"])
    again = RecordingWatch()
    run_grid(grids[0].definition, both["discs"], layout, scale, "discs-from-nothing,discs-from-wide-s1", again)
    assert again.again == {"discs-from-nothing-s1": True, "discs-from-nothing-s2": True, "discs-from-wide-s1": False}

    matrix = read_matrix(transfer, grids, root)
    assert (matrix.targets, matrix.sources) == (["discs", "wide"], ["nothing", "discs", "wide"])
    cell = matrix.cells["wide", "discs"]
    errors = [results[f"wide-from-discs-s{seed}"]["metrics"]["keypoints"]["image_rmse_px"] for seed in (1, 2)]
    assert cell.mean.value == pytest.approx(np.mean(errors))
    markdown, csv, png = write_matrix(matrix, "Title", root / "reports" / "grid" / "toy")
    assert f"{np.mean(errors):.2f}" in markdown.read_text()
    assert "wide took from discs: " in markdown.read_text()
    assert len(pd.read_csv(csv)) == 4
    assert png.stat().st_size > 5000


def results_of(root: Path, errors: dict[str, dict[str, list[float]]]) -> list[Part]:
    """Result files of a grid of these problems: target, source, an error for each seed."""
    tables = {"points": {"title": "t", "rank_by": "e", "metrics": {"e": {"of": "keypoints.e", "title": "error px"}}}}
    definition = Definition.model_validate(
        {"name": "toy", "title": "t", "tables": tables, "transfer": {"table": "points", "seeds": [1, 2, 3]}}
    )
    section = parse_params({"problems": ["x"], "x": SECTION})["x"]
    grids = parts(definition, dict.fromkeys(errors, section))
    for part in grids:
        places = Places(Layout(root, part.problem), "toy")
        for row in part.definition.rows:
            for (name, _), error in zip(row.run_names.items(), errors[part.problem][str(row.start)], strict=False):
                metrics = {"keypoints": {"e": error}}
                write_json(places.result(name), {"state": "finished", "metrics": metrics})
    return grids


def test_intervals_and_sentences_follow_from_the_numbers(tmp_path: Path) -> None:
    errors = {
        "hand": {"nothing": [10.0, 10.0, 10.0], "chest": [5.0, 5.1, 4.9], "foot": [20.0, 21.0, 19.0]},
        "chest": {"nothing": [4.0, 6.0, 5.0], "hand": [5.0, 5.0, 5.0], "foot": [5.0]},
        "foot": {"nothing": [2.0, 2.0, 2.0], "hand": [2.0, 2.0, 2.0], "chest": []},
    }
    grids = results_of(tmp_path, errors)
    matrix = read_matrix(grids[0].definition, grids, tmp_path)
    # Student's t with two degrees of freedom: 4.303 deviations of the mean
    assert matrix.cells["chest", "nothing"].mean.interval.high == pytest.approx(5 + 4.3027 / np.sqrt(3), abs=1e-3)
    halved = matrix.cells["hand", "chest"].change
    assert halved is not None
    assert halved.value == pytest.approx(-0.5, abs=0.001)
    assert {key: cell.verdict for key, cell in matrix.cells.items() if cell.verdict} == {
        ("hand", "chest"): "better",
        ("hand", "foot"): "worse",
    }
    assert matrix.cells["foot", "chest"].note == "3 of 3 not run"
    helps, harms = sentences(matrix)
    assert helps.startswith("Another start helps, by error px, in 1 of 4 pairs: hand from chest (−50 % (−5")
    assert "It harms in 1: hand from foot (+100 %" in harms
    assert "in 2 the interval over 3 trainings" in harms


def test_of_one_training_nothing_is_said(tmp_path: Path) -> None:
    grids = results_of(tmp_path, {"a": {"nothing": [1.0], "b": [0.1]}, "b": {"nothing": [1.0], "a": [1.0]}})
    assert sentences(read_matrix(grids[0].definition, grids, tmp_path))[0].startswith("Nothing can be said yet")
    assert np.isnan(mean_of(np.array([1.0])).interval.low)
