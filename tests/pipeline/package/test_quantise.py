"""Integers in a package's graph: what is computed with them, when they stay, and what the package says about it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from heelstrike.package.manifest import read_manifest, verify
from heelstrike.package.quantised import Quantised
from heelstrike.package.runtime import Package
from pipeline.evaluate.judged_split import read_judged_split
from pipeline.evaluate.packaged import Packaged, answered
from pipeline.heads.box.error import ERROR as BOX
from pipeline.heads.keypoints.error import ERROR as KEYPOINTS
from pipeline.layout import Layout
from pipeline.models.build import load_trained
from pipeline.package import stage
from pipeline.package.arithmetic import Choice, choose, pictures_of
from pipeline.package.card import write_card
from pipeline.package.export import export_model
from pipeline.package.quantise import quantised, rectified
from pipeline.params import ProblemParams
from pipeline.scoring.case_table import Cases
from tests.pipeline.package.test_stage import SECTION, make_repository

Repository = tuple[ProblemParams, Layout]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository whose package has integers, if they are allowed to stay."""
    model = {"name": "spatial", "width": 8, "levels": 2}
    section = SECTION | {"model": model, "package": {"quantise": "int8"}}
    params, layout = make_repository(tmp_path_factory.mktemp("repository"), section)
    stage.run(params, layout)
    return params, layout


@pytest.fixture(scope="module")
def graph(repository: Repository) -> onnx.ModelProto:
    params, layout = repository
    return export_model(load_trained(layout.out("train")), params.problem.input)


def first(cases: Cases, count: int) -> Cases:
    """Return the first cases of a table without answers."""
    return replace(
        cases,
        images=cases.images[:count],
        subjects=cases.subjects[:count],
        slices={name: values[:count] for name, values in cases.slices.items()},
        scale=cases.scale[:count],
        mm_per_px=cases.mm_per_px[:count],
        exams=cases.exams[:count],
        placement=cases.placement[:count],
        truth={name: values[:count] for name, values in cases.truth.items()},
    )


def kept(params: ProblemParams, layout: Layout, graph: onnx.ModelProto, folder: Path, images: int) -> bool:
    """Return True if integers stay, judged by so many validation images; the package of the stage is copied."""
    folder.mkdir()
    fields = read_manifest(layout.out("package")).model_dump(exclude={"files", "digest", "quantised"})
    (folder / "model.onnx").write_bytes(graph.SerializeToString(deterministic=True))
    split = read_judged_split(layout, params, "val")
    few = replace(split, images=split.images[:images], cases=first(split.cases, images))
    pictures = pictures_of(layout.out("prepare") / "val")

    def write(**more: object) -> object:
        return stage.write_manifest(folder, **(fields | more))

    write()
    return choose(folder, graph, write, few, pictures, params.evaluate).kept  # type: ignore[arg-type]


def test_first_convolutions_and_those_that_make_maps_stay_float(graph: onnx.ModelProto) -> None:
    chosen = set(rectified(graph))
    nodes = {node.name: node for node in graph.graph.node}
    users = {name: node for node in graph.graph.node for name in node.input}
    kinds = {nodes[name].op_type for name in chosen}
    assert kinds == {"Conv", "Add", "Resize"}
    left = [node for name, node in nodes.items() if node.op_type == "Conv" and name not in chosen]
    # the first reads the image; a soft-argmax reads out the maps of the last
    assert len(left) == 2
    assert sum(users[node.output[0]].op_type == "Relu" for node in left) == 1
    assert not any("scaling" in name for name in chosen)


def test_the_same_graph_and_pictures_give_the_same_bytes(repository: Repository, graph: onnx.ModelProto) -> None:
    pictures = pictures_of(repository[1].out("prepare") / "val")
    made = quantised(graph, pictures)
    assert made.SerializeToString(deterministic=True) == quantised(graph, pictures).SerializeToString(
        deterministic=True
    )
    assert (made.producer_name, made.graph.name) == ("heelstrike", "heelstrike")
    assert [o.name for o in made.graph.output] == [o.name for o in graph.graph.output]
    weights = [w for w in made.graph.initializer if w.data_type == onnx.TensorProto.INT8]
    # 7 of 8 bits, so that no processor's sums overflow
    assert weights
    assert max(np.abs(onnx.numpy_helper.to_array(w).astype(int)).max() for w in weights) <= 64


def test_without_pictures_or_rectifiers_there_is_nothing_to_do(graph: onnx.ModelProto) -> None:
    with pytest.raises(ValueError, match="0 pictures"):
        quantised(graph, [])


def test_a_package_says_what_its_integers_change(repository: Repository) -> None:
    params, layout = repository
    folder = layout.out("package")
    manifest = read_manifest(folder)
    verify(folder, manifest)
    assert manifest.quantised is not None
    assert (manifest.quantised.arithmetic, manifest.quantised.images) == ("int8", 3)
    assert set(manifest.quantised.changes) == {KEYPOINTS.metric, BOX.metric}
    for name, change in manifest.quantised.changes.items():
        assert 0 < abs(change) <= manifest.quantised.allowed[name]
    card = (folder / "card.md").read_text()
    assert "Integers of 8 bits then replaced floats in its convolutions, with ranges from 3 validation images." in card
    # parity is that of the graph without integers
    assert manifest.parity_px is not None and manifest.parity_px < params.package.parity_px


def test_integers_that_change_a_score_by_too_much_are_left_out(
    repository: Repository, graph: onnx.ModelProto, tmp_path: Path
) -> None:
    """The interval of one image's score has no width, so no change of it is small."""
    params, layout = repository
    assert kept(params, layout, graph, tmp_path / "three", 3)
    assert read_manifest(tmp_path / "three").quantised is not None
    assert not kept(params, layout, graph, tmp_path / "one", 1)
    manifest = read_manifest(tmp_path / "one")
    verify(tmp_path / "one", manifest)
    assert manifest.quantised is None
    assert (tmp_path / "one" / "model.onnx").read_bytes() == graph.SerializeToString(deterministic=True)


def test_a_network_without_rectifiers_stays_float_and_its_card_says_so(
    repository: Repository, graph: onnx.ModelProto, tmp_path: Path
) -> None:
    params, layout = repository
    smooth = onnx.ModelProto()
    smooth.CopyFrom(graph)
    for node in smooth.graph.node:
        if node.op_type in ("Relu", "Clip"):
            node.op_type = "Softplus"
            del node.input[1:]
    assert not kept(params, layout, smooth, tmp_path / "smooth", 3)
    assert read_manifest(tmp_path / "smooth").quantised is None
    assert (tmp_path / "smooth" / "model.onnx").read_bytes() == smooth.SerializeToString(deterministic=True)
    nothing = Quantised(arithmetic="int8", images=3, changes={}, allowed={})
    card = write_card("p", params, {"name": "spatial"}, {}, [], choice=Choice(nothing, kept=False))
    assert "left out, since this network has no convolution that a rectifier follows." in card


def test_answers_of_a_package_become_cases(repository: Repository) -> None:
    params, layout = repository
    split = read_judged_split(layout, params, "val")
    package = Package.load(layout.out("package"), threads=1)
    blank = package.predict(np.zeros((64, 64, 3), np.uint8))
    cases = answered(split, [Packaged(blank, 0.5, 0.1)] * len(split.images))
    assert blank.keypoints is not None
    np.testing.assert_allclose(cases.answers["keypoints"][0], blank.keypoints)
    assert cases.scale.tolist() == [0.5] * len(split.images)


def test_a_card_says_that_integers_were_left_out(repository: Repository) -> None:
    found = Quantised(
        arithmetic="int8", images=3, changes={"keypoints/rmse_px": 0.7}, allowed={"keypoints/rmse_px": 0.1}
    )
    card = write_card("p", repository[0], {"name": "spatial"}, {}, [], choice=Choice(found, kept=False))
    assert "left out, so the graph computes with floats" in card
    assert "they change `keypoints/rmse_px` by +0.7 (allowed are 0.1)" in card
