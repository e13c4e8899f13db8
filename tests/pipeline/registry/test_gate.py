"""Real packages on real images: which gates hold, and that what cannot be computed fails."""

import json
import shutil

import cv2
import numpy as np
import onnx
import onnx.parser
import pytest

from heelstrike.errors import UserError
from heelstrike.files import write_json
from heelstrike.package.manifest import write_manifest
from pipeline.package.disturbed.result import Disturbed
from pipeline.package.disturbed.tally import Tally
from pipeline.package.settings import DisturbedSettings
from pipeline.params import ProblemParams
from pipeline.registry.gate import gate
from pipeline.registry.promote import promote
from pipeline.registry.rollback import rollback
from pipeline.registry.store import open_registry
from tests.packages import LEFT, PROBLEM, RIGHT, SHARES, make_package

SIZE, SUBJECTS, FRAMES = 128, 6, 8

# The points of SHARES, moved to the right by BIAS pixels, and by GAIN pixels more on a black image (none on a white).
_GRAPH = """
<ir_version: 10, opset_import: ["" : 18]>
g (uint8[H,W,3] image) => (float[6,2] keypoints, float[6] confidence, float[4] box)
<float[6,2] shares = {SHARES}, int64[2] order = {1, 0}, float[2] bias = {BIAS, 0.0}, float[2] gain = {GAIN, 0.0},
 float white = {255.0}, float one = {1.0}, int64[1] points = {6}, float[4] box = {1.0, 1.0, 9.0, 9.0}>
{
  shape = Shape<start = 0, end = 2>(image)
  size_int = Gather(shape, order)
  size = Cast<to = 1>(size_int)
  exact = Mul(shares, size)
  biased = Add(exact, bias)
  pixels = Cast<to = 1>(image)
  mean = ReduceMean<keepdims = 0>(pixels)
  light = Div(mean, white)
  dark = Sub(one, light)
  moved = Mul(gain, dark)
  keypoints = Add(biased, moved)
  confidence = Expand(one, points)
  box_out = Identity(box)
}
""".replace("float[4] box)", "float[4] box_out)")


def package(world, bias, gain=0.0, text=_GRAPH, **fields):
    """Write a candidate that errs by so many pixels."""
    folder = world.layout.out("package")
    made = make_package(folder, **({"parity_px": 0.004} | fields)).model_dump(exclude={"files", "digest"})
    values = ", ".join(f"{v:.6f}" for point in SHARES for v in point)
    text = text.replace("SHARES", values).replace("BIAS", f"{bias:.6f}").replace("GAIN", f"{gain:.6f}")
    graph = onnx.parser.parse_model(
        text.replace("box_out", "box")
        .replace("float[4] box =", "float[4] fixed_box =")
        .replace("Identity(box)", "Identity(fixed_box)")
    )
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    write_manifest(folder, **made)


def params(**gates):
    return ProblemParams.model_validate(
        {
            "problem": PROBLEM.model_dump(),
            "collect": {"sources": [{"kind": "csv"}]},
            "model": {"name": "spatial"},
            "evaluate": {"bootstrap": 500},
            "gates": {"max_error": 3.0, "max_measure_error": 8.0} | gates,
            "measure": {"name": "rearfoot_angle", "left": LEFT, "right": RIGHT},
        }
    )


@pytest.fixture
def tested(world):
    """A world with a test split: half of the images dark, labels scattered by half a pixel about the true points."""
    rng = np.random.default_rng(0)
    split, collect = world.layout.out("split"), world.layout.out("collect")
    (collect / "images").mkdir(parents=True)
    images, annotations = [], []
    for number in range(SUBJECTS * FRAMES):
        tone = "dark" if number % 2 else "light"
        name = f"images/{number}.png"
        cv2.imwrite(str(collect / name), np.full((SIZE, SIZE, 3), 40 if number % 2 else 230, np.uint8))
        points = np.array(SHARES) * SIZE + rng.normal(0, 0.5, (6, 2))
        subject = f"s{number // FRAMES}"
        images.append({"id": number, "file_name": name, "subject": subject, "slices": {"tone": tone}})
        flat = np.column_stack([points, np.full(6, 2)]).ravel().tolist()
        annotations.append({"id": number, "image_id": number, "keypoints": flat})
    split.mkdir(parents=True)
    (split / "test.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    write_json(world.layout.out("validate") / "result.json", {"errors": 0, "warnings": 1})
    return world


def judged(world, seed, settings=None, **kwargs):
    package(world, **kwargs)
    return gate(world.layout, settings or params(), world.register(seed).number)


def verdicts(decision):
    return {g.name: g.passed for g in decision.gates}


def test_the_first_candidate_passes_without_a_comparison_and_the_better_one_follows(tested):
    first = judged(tested, 1, bias=2.0)
    assert first.passed, first.failures
    # 2 px right and half a pixel of scatter on 128 px images, at an input of 64 px
    numbers = {g.name: g.numbers for g in first.gates}
    assert numbers["error"]["rmse_px"] == pytest.approx(np.sqrt((2.0**2 + 2 * 0.5**2) / 2) / 2, rel=0.05)
    assert promote(tested.root, first).kind == "promoted"
    second = judged(tested, 2, bias=0.5)
    assert second.passed, second.failures
    comparison = next(g for g in second.gates if g.name == "comparison")
    assert comparison.numbers["difference"] < -0.2
    assert comparison.numbers["better"] == 1
    assert promote(tested.root, second).kind == "promoted"
    assert gate(tested.layout, params(), 2) == second


def test_a_worse_or_equal_candidate_fails_the_comparison_and_only_that(tested):
    promote(tested.root, judged(tested, 1, bias=1.0))
    for seed, bias in ((2, 1.2), (3, 1.0)):
        decision = judged(tested, seed, bias=bias, metrics={"seed": float(seed)})
        assert [name for name, passed in verdicts(decision).items() if not passed] == ["comparison"]


def test_better_on_the_whole_but_worse_on_a_slice_is_refused(tested):
    promote(tested.root, judged(tested, 1, bias=3.0))
    decision = judged(tested, 2, bias=-0.8, gain=5.6)
    assert [name for name, passed in verdicts(decision).items() if not passed] == ["slices"]
    assert "tone=dark" in next(g.reason for g in decision.gates if g.name == "slices")


def test_a_model_that_finds_boxes_only_is_gated_by_their_overlap(tested):
    path = tested.layout.out("split") / "test.json"
    split = json.loads(path.read_text())
    for annotation in split["annotations"]:
        annotation["bbox"] = [32.0, 32.0, 64.0, 64.0]
    path.write_text(json.dumps(split))
    steps = [{"heads": ["box"], "epochs": 1}]
    section = params().model_dump(by_alias=True) | {
        "model": {"name": "localization", "backbone": {"name": "stack", "channels": [4, 4]}},
        "train": {"steps": steps},
        "gates": {"max_error": 30.0},
        "measure": None,
    }
    boxes = ProblemParams.model_validate(section)
    start, end = _GRAPH.index("(float[6,2] keypoints"), _GRAPH.index("float[4] box_out)")
    text = _GRAPH[: start + 1] + _GRAPH[end:]

    def judge(seed, box):
        return judged(tested, seed, boxes, bias=0.0, text=text.replace("{1.0, 1.0, 9.0, 9.0}", box), measure=None)

    first = judge(1, "{32.0, 32.0, 64.0, 48.0}")
    assert first.passed, first.failures
    assert "IoU loss 25.0 %, at most 30" in {gate.name: gate.reason for gate in first.gates}["error"]
    promote(tested.root, first)
    assert judge(2, "{32.0, 32.0, 64.0, 56.0}").passed
    failed = [name for name, passed in verdicts(judge(3, "{32.0, 32.0, 64.0, 32.0}")).items() if not passed]
    assert failed == ["error", "comparison", "slices"]


def test_limits_and_budget(tested):
    strict = params(max_error=0.5, max_measure_error=0.1, max_latency_ms=1e-6)
    failed = [name for name, passed in verdicts(judged(tested, 1, strict, bias=2.0)).items() if not passed]
    assert failed == ["error", "measurement", "latency"]


def test_an_answer_that_is_no_number_is_not_left_out(tested):
    broken = _GRAPH.replace("moved = Mul(gain, dark)", "root = Sqrt(gain)\n  moved = Mul(root, dark)")
    promote(tested.root, judged(tested, 1, bias=1.0))
    decision = judged(tested, 2, bias=0.0, gain=-1.0, text=broken)
    failed = [name for name, passed in verdicts(decision).items() if not passed]
    assert failed[:2] == ["finite", "error"]
    assert "48 of 48 test images" in decision.gates[1].reason


def test_what_cannot_be_computed_has_failed_with_its_reason(tested):
    (tested.layout.out("validate") / "result.json").unlink()
    decision = judged(tested, 1, bias=1.0, parity_px=None)
    assert [name for name, passed in verdicts(decision).items() if not passed] == ["validation", "parity"]
    assert decision.gates[0].reason.startswith("could not be computed (FileNotFoundError")
    assert promote(tested.root, decision).kind == "refused"


def test_errors_in_the_labels_and_another_interface_are_refused(tested):
    promote(tested.root, judged(tested, 1, bias=1.0))
    write_json(tested.layout.out("validate") / "result.json", {"errors": 3, "warnings": 0})
    text = _GRAPH.replace("float[6] confidence", "float[P] confidence")
    decision = judged(tested, 2, bias=0.0, text=text, measure=None)
    assert [name for name, passed in verdicts(decision).items() if not passed] == ["validation", "signature"]
    assert "measure: rearfoot_angle -> None" in decision.failures[1]


def test_a_version_that_was_rolled_back_fails_its_gate(tested):
    promote(tested.root, judged(tested, 1, bias=2.0))
    promote(tested.root, judged(tested, 2, bias=0.5))
    rollback("rearfoot", tested.root)
    decision = gate(tested.layout, params(), 2)
    assert decision.failures[0].startswith("not_rolled_back: was rolled back 20")


def test_a_champion_that_is_damaged_or_cannot_run_stops_the_gate_with_the_way_out(tested, tmp_path):
    first = judged(tested, 1, bias=2.0)
    promote(tested.root, first)
    second = tested.layout.out("package")
    package(tested, bias=1.0)
    number = tested.register(2).number
    shutil.rmtree(tmp_path / "cache")
    stored = next(path for path in (tested.root / "mlartifacts").rglob("model.onnx") if _differs(path, second))
    stored.write_bytes(b"rot")
    with pytest.raises(UserError, match=r"model\.onnx: 3 bytes found") as raised:
        gate(tested.layout, params(), number)
    advice = str(raised.value).splitlines()[-1]
    assert advice.startswith("rearfoot: nothing can be compared with the champion, version 1.")
    assert "`heelstrike rollback rearfoot`" in advice and "alias 'champion' of rearfoot" in advice
    with open_registry(tested.root, "rearfoot") as registry:
        registry.client.delete_registered_model_alias("rearfoot", "champion")
    assert gate(tested.layout, params(), number).passed


def _differs(path, folder):
    return path.read_bytes() != (folder / "model.onnx").read_bytes()


def test_a_test_split_that_is_not_there_or_empty_is_said(tested):
    version = (package(tested, bias=1.0), tested.register(1))[1].number
    path = tested.layout.out("split") / "test.json"
    path.write_text('{"images": [], "annotations": []}')
    with pytest.raises(UserError, match=r"test\.json: no labelled image in it, so nothing can be evaluated"):
        gate(tested.layout, params(), version)
    path.unlink()
    with pytest.raises(UserError, match=r"test\.json: not a readable test split .*; run the split stage"):
        gate(tested.layout, params(), version)


def test_a_candidate_is_shown_disturbed_pictures_unless_the_package_stage_has_shown_it_the_same(tested):
    """The package of these tests finds its points where they always are, also in pictures that are turned or cut."""
    settings = DisturbedSettings(images=2, limit=3)
    section = params().model_dump(by_alias=True) | {"package": {"disturbed": settings.model_dump()}}
    decision = judged(tested, 1, ProblemParams.model_validate(section), bias=1.0)
    verdict = next(g for g in decision.gates if g.name == "disturbed")
    assert not verdict.passed
    assert verdict.numbers["disturbed_off_share"] > 0.1
    version = decision.challenger
    stored = Disturbed(
        package=decision.challenger_package,
        test_split=decision.test_split,
        settings=settings,
        kinds={"all": Tally(pictures=5, measured=5)},
    )
    path = tested.layout.report("disturbed") / "disturbed.json"
    for result, passed in ((stored, True), (stored.model_copy(update={"test_split": "0" * 64}), False)):
        write_json(path, result.model_dump(mode="json"))
        again = gate(tested.layout, ProblemParams.model_validate(section), version)
        assert verdicts(again)["disturbed"] is passed
