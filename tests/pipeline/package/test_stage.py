import json
import math

import cv2
import numpy as np
import onnxruntime
import pytest
import torch

from heelstrike.errors import UserError
from heelstrike.files import file_digest
from heelstrike.measure.radii import Radii
from heelstrike.monitor.reference import read_reference
from heelstrike.package.manifest import read_manifest, verify
from heelstrike.package.runtime import Package
from pipeline.layout import Layout
from pipeline.models.build import build_model, save_weights
from pipeline.package import stage
from pipeline.package.disturbed.result import read_disturbed
from pipeline.params import parse_params
from pipeline.prepare import stage as prepare
from tests.packages import LEFT, PROBLEM, RIGHT, SHARES

SECTION = {
    "problem": PROBLEM.model_dump(mode="json"),
    "collect": {"sources": [{"kind": "synthetic"}, {"kind": "csv"}]},
    "prepare": {"filters": [{"name": "clahe"}]},
    "model": {"name": "spatial", "width": 4, "levels": 2},
    "measure": {"name": "rearfoot_angle", "left": list(LEFT), "right": list(RIGHT)},
}
RADII = {
    "level": 0.9,
    "subjects": 45,
    "difficulty": [[0.5, 4.0], [1.0, 1.0]],
    "factors": [1.0, 1.5, 2.0, 1.0, 1.5, None],
    "pooled": {},
    "quantities": {"left": 0.6, "right": None},
}
METRICS = {
    "input": {"rmse_px": 0.91},
    "images": 3,
    "unknown": math.nan,
    "slices": {"skin_tone": {"I": {"rmse_px": 0.8}, "VI": {"rmse_px": 1.25}}},
}


def coco(split, images):
    """A split of three images by one subject, in the format of the split stage."""
    rng = np.random.default_rng(len(split))
    entries, annotations = [], []
    for n, (height, width) in enumerate([(90, 120), (48, 64), (200, 100)]):
        name = f"images/{split}/{n}.png"
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(images / name), rng.integers(0, 255, (height, width, 3), np.uint8))
        about = {"subject": split, "video": f"{split}.mp4", "frame": n, "time_s": n / 25, "slices": {"skin_tone": "I"}}
        entries.append({"id": n, "file_name": name, "width": width, "height": height, **about})
        points = [v for x, y in SHARES for v in (x * width, y * height, 2)]
        annotations.append(
            {"id": n, "image_id": n, "category_id": 1, "keypoints": points, "bbox": [5, 5, 20, 20], "subject": split}
        )
    return {"images": entries, "annotations": annotations}


def make_repository(root, section):
    """A repository in which every stage up to evaluate has run."""
    layout = Layout(root, "rearfoot")
    params = parse_params({"problems": ["rearfoot"], "rearfoot": section})["rearfoot"]
    layout.out("split").mkdir(parents=True)
    for split in ("train", "val", "test"):
        (layout.out("split") / f"{split}.json").write_text(json.dumps(coco(split, layout.out("collect"))))
    prepare.run(params, layout)
    torch.manual_seed(0)
    network = build_model(params.problem, params.model)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    train = layout.out("train")
    train.mkdir(parents=True)
    save_weights(network, train / "weights.safetensors")
    settings = {"problem": params.problem.model_dump(mode="json"), "model": params.model.model_dump(mode="json")}
    rest = {"train": params.train.model_dump(mode="json"), "augment": params.augment.model_dump(mode="json")}
    (train / "settings.json").write_text(json.dumps(settings | rest))
    layout.out("evaluate").mkdir(parents=True)
    (layout.out("evaluate") / "radii.json").write_text(json.dumps(RADII if params.measure else None))
    (layout.out("evaluate").parent / "metrics.json").write_text(json.dumps(METRICS))
    return params, layout


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return make_repository(tmp_path_factory.mktemp("repository"), SECTION)


@pytest.fixture(scope="module")
def packaged(repository):
    params, layout = repository
    stage.run(params, layout)
    return layout.out("package")


def test_package_holds_graph_manifest_and_card_and_verifies(packaged, repository):
    params, _ = repository
    assert sorted(p.name for p in packaged.iterdir()) == ["card.md", "manifest.json", "model.onnx", "reference.json"]
    manifest = read_manifest(packaged)
    verify(packaged, manifest)
    assert (manifest.problem, manifest.confidence, manifest.measure) == ("rearfoot", 0.5, params.measure)
    assert manifest.category.keypoints == PROBLEM.keypoints
    assert manifest.filters == params.prepare.filters
    assert manifest.metrics == {"images": 3.0, "input/rmse_px": 0.91}
    assert manifest.network["name"] == "spatial"
    assert manifest.radii == Radii.model_validate(RADII)


def test_the_package_has_a_record_of_each_test_person(packaged):
    reference = read_reference(packaged)
    (record,) = reference.records
    assert (record.kind, record.frames, record.time, record.measured is None) == ("video", 3, None, False)
    assert record.radius.p50 is None or record.radius.p50 > 0


def test_the_manifest_holds_the_difference_that_was_measured(packaged, repository):
    params, _ = repository
    assert 0 < read_manifest(packaged).parity_px < params.package.parity_px / 2


def test_consumer_applies_the_filters_of_training(packaged, repository):
    """The stage's own parity check passed with CLAHE; without the filter the same graph says something else."""
    _, layout = repository
    image = cv2.imread(str(layout.out("collect") / "images/test/0.png"), cv2.IMREAD_COLOR_RGB)
    graph = onnxruntime.InferenceSession(packaged / "model.onnx")
    unfiltered = graph.run(["keypoints"], {"image": image})[0]
    assert np.abs(Package.load(packaged).predict(image).keypoints - unfiltered).max() > 0.05


def test_packaging_again_gives_the_same_bytes(packaged, repository):
    before = {p.name: p.read_bytes() for p in packaged.iterdir()}
    stage.run(*repository)
    assert {p.name: p.read_bytes() for p in packaged.iterdir()} == before


def test_card_says_what_it_is_made_of_and_how_good_it_is_by_slice(packaged):
    card = (packaged / "card.md").read_text()
    for line in (
        "| test | 3 | 1 | 1 |",
        "| input/rmse_px | 0.91 |",
        "| skin_tone | rmse_px |",
        "| VI | 1.25 |",
        "1 of 2 of the sources are rendered, not filmed",
        "first applies the filters `clahe`",
        "Weights: Apache-2.0",
    ):
        assert line in card
    assert "nan" not in card


def test_without_the_disturbed_check_its_result_is_null(packaged, repository):
    _, layout = repository
    assert [path.name for path in layout.report("disturbed").iterdir()] == ["disturbed.json"]
    assert (layout.report("disturbed") / "disturbed.json").read_text().strip() == "null"
    assert "never taught" not in (packaged / "card.md").read_text()


def test_disturbed_pictures_are_shown_to_the_package_itself(tmp_path):
    section = SECTION | {"package": {"disturbed": {"images": 2, "limit": 3}}}
    params, layout = make_repository(tmp_path, section)
    stage.run(params, layout)
    folder, report = layout.out("package"), layout.report("disturbed")
    manifest = read_manifest(folder)
    verify(folder, manifest)
    result = read_disturbed(report / "disturbed.json")
    assert result.package == manifest.digest
    assert result.test_split == file_digest(layout.out("split") / "test.json")
    assert result.kinds["as it is"].pictures == result.kinds["at 0.15 in a place"].pictures == 2
    assert result.kinds["foreign noise"].absent == 6
    assert result.kinds["as it is"].visible == 12
    assert result.kinds["lower third cut off"].visible == 8
    assert "## Pictures that it was never taught" in (folder / "card.md").read_text()
    assert len((report / "disturbed.csv").read_text().splitlines()) == 1 + len(result.kinds)


def test_network_that_differs_from_the_prepared_pixels_is_an_error_and_leaves_the_old_package(packaged, repository):
    params, layout = repository
    before = (packaged / "manifest.json").read_bytes()
    other = params.model_copy(update={"prepare": params.prepare.model_copy(update={"filters": ()})})
    with pytest.raises(UserError, match=r"images/test/\d.png: ONNX and torch differ by \d+\.\d+ px .*no package was"):
        stage.run(other, layout)
    assert (packaged / "manifest.json").read_bytes() == before


def test_missing_metrics_name_the_stage_to_run(repository, tmp_path):
    params, _ = repository
    with pytest.raises(UserError, match=r"metrics.json: not there; run the evaluate stage first"):
        stage.run(params, Layout(tmp_path, "rearfoot"))


def test_missing_radii_name_the_stage_to_run(tmp_path):
    layout = Layout(tmp_path, "rearfoot")
    layout.out("evaluate").mkdir(parents=True)
    (layout.out("evaluate").parent / "metrics.json").write_text("{}")
    with pytest.raises(UserError, match=r"radii.json: not there; run the evaluate stage first"):
        stage.run(parse_params({"problems": ["rearfoot"], "rearfoot": SECTION})["rearfoot"], layout)


def test_a_network_without_keypoints_is_packaged_and_says_its_box(tmp_path):
    model = {"name": "localization", "backbone": {"name": "stack", "channels": [4, 4]}, "hidden": 4}
    steps = [{"heads": ["box"], "epochs": 1}]
    section = SECTION | {"model": model, "train": {"steps": steps}, "measure": None}
    params, layout = make_repository(tmp_path, section)
    stage.run(params, layout)
    folder = layout.out("package")
    assert "Predicts on an image, of lower legs: its box." in (folder / "card.md").read_text()
    found = Package.load(folder).predict(np.zeros((40, 50, 3), np.uint8))
    assert (found.keypoints, found.confidence, found.box.shape) == (None, None, (4,))
