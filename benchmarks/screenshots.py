"""Pictures of the clinic's and the labeller's pages for docs/images, taken in Chromium from a service that really runs.

Walks are rendered and measured by the package that is given. Pictures of other problems need no trained model: their
packages say the renderer's own labels, whatever image they are given.

Example:
    python -m benchmarks.screenshots --package models/rearfoot/package --out docs/images
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from onnx import TensorProto, helper, numpy_helper

from heelstrike.package.manifest import write_manifest
from heelstrike.video.writer import write_video
from pipeline.package.category import category_of
from pipeline.params import load_params
from pipeline.synthetic import ankle, footprint, scout, shapes
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.rearfoot import render
from pipeline.synthetic.settings import SyntheticSource
from tests.service import Server, finished, serving

_EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"
_PERSON, _SECONDS, _SEED = 7, 6.0, 77
_DESKTOP, _PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_READY = "#result[data-state=ready]"


@dataclass(frozen=True)
class Example:
    """An image with the answers that its package gives.

    Attributes:
        problem: Name of the problem, and of its file in docs/examples.
        image: RGB image.
        outputs: The outputs of the graph.
        mm_per_px: Size of a pixel; empty if it does not matter.
    """

    problem: str
    image: np.ndarray
    outputs: dict[str, np.ndarray]
    mm_per_px: str = ""


def examples() -> Iterator[Example]:
    """Yield an image of each problem other than the rear foot."""
    settings = SyntheticSource(kind="synthetic", generator="footprint", subjects=4, width=1040, height=1440, seed=7)
    printed = footprint.draw_print(settings, 2, 0)
    yield Example("footprint", printed.image, _points(printed.points), f"{printed.mm_per_px:.4f}")
    settings = SyntheticSource(kind="synthetic", generator="ankle", subjects=4, width=512, height=512, seed=1)
    yield Example("ankle", ankle.photograph(settings, 1, 1).image, {"probabilities": np.array([0.08, 0.86, 0.06])})
    settings = SyntheticSource(kind="synthetic", generator="shapes", subjects=4, width=448, height=448, seed=1)
    image, objects = shapes.picture(settings, 3)
    corners = np.array([box for _, box, _ in objects], float)
    boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    kinds = np.array([kind for kind, _, _ in objects], np.int64)
    yield Example("shapes", image, {"boxes": boxes, "scores": np.linspace(0.99, 0.93, len(kinds)), "classes": kinds})
    settings = SyntheticSource(kind="synthetic", generator="scout", subjects=4, width=512, height=512, seed=7)
    plane = scout.cut(settings, 1, 0, "sagittal")
    names = load_params(_EXAMPLES / "scout.yaml")["scout"].problem.keypoints
    points = np.array([plane.points.get(name, (np.nan, np.nan)) for name in names], float)
    gray = (255.0 * plane.values.T / plane.values.max()).clip(0, 255).astype(np.uint8)
    yield Example("scout", np.repeat(gray[..., None], 3, axis=2), _points(points))


def _points(points: np.ndarray) -> dict[str, np.ndarray]:
    there = np.isfinite(points).all(axis=1)
    known = points[there]
    low, high = known.min(axis=0) - 20, known.max(axis=0) + 20
    return {
        "keypoints": np.where(there[:, None], points, 0.0),
        "confidence": np.where(there, 0.97, 0.02),
        "box": np.concatenate([low, high - low]),
    }


def make_package(example: Example, folder: Path) -> None:
    """Write a package that gives the answers of an example for every image."""
    params = load_params(_EXAMPLES / f"{example.problem}.yaml")[example.problem]
    values = {n: v if v.dtype == np.int64 else v.astype(np.float32) for n, v in example.outputs.items()}
    nodes = [helper.make_node("Constant", [], [n], value=numpy_helper.from_array(v)) for n, v in values.items()]
    types = {n: helper.np_dtype_to_tensor_dtype(v.dtype) for n, v in values.items()}
    outputs = [helper.make_tensor_value_info(n, types[n], v.shape) for n, v in values.items()]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["H", "W", 3])
    graph = helper.make_graph(nodes, "answers", [image], outputs)
    folder.mkdir()
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    (folder / "card.md").write_text("# Answers of one image, for pictures of pages\n")
    fields: dict[str, Any] = {
        "heelstrike": "0.1.0",
        "problem": example.problem,
        "network": {"name": "answers"},
        "category": category_of(params.problem),
        "flip_pairs": params.problem.flip_pairs,
        "input": params.problem.input,
        "confidence": 0.5,
        "measure": params.measure,
        "training_data": "0" * 64,
    }
    write_manifest(folder, **fields)


def measure(page: Any, address: str, file: Path, name: str, mm_per_px: str = "") -> None:
    """Upload a file on the start page, have it measured, and open its result."""
    page.goto(address)
    page.set_input_files("[data-part=files]", str(file))
    page.fill("input[name=name]", name)
    page.fill("input[name=mm_per_px]", mm_per_px)
    page.click("text=Upload and measure")
    page.wait_for_selector(".state.done", timeout=300_000)
    page.click(".job ul a")
    page.wait_for_selector(_READY)
    page.wait_for_selector("canvas[data-frame]:not([data-frame=''])")


def _take(page: Any, path: Path, full_page: bool = False) -> None:
    page.wait_for_timeout(500)  # charts and fonts
    page.screenshot(path=path, type="jpeg", quality=82, full_page=full_page)


def walk_pictures(chromium: Any, package: Path, folder: Path, out: Path) -> None:
    """Take the pictures of a walk: start page, result in light and dark, on a phone."""
    settings = SyntheticSource(kind="synthetic", generator="rearfoot", seed=_SEED, subjects=12, width=1920, height=1080)
    subject = make_subject(settings, _PERSON, _SECONDS)
    file = folder / "walk.mp4"
    write_video(file, (image for image, _ in render(subject)), subject.fps)
    with serving(folder / "walk", "--package", str(package.resolve())) as server:
        address = server.address
        page = chromium.new_page(viewport=_DESKTOP)
        measure(page, address, file, "P-1042, barefoot")
        page.evaluate("document.getElementById('result').player.seek(20)")
        _take(page, out / "clinic-result.jpg", full_page=True)
        result = page.url
        page.goto(address)
        page.set_input_files("[data-part=files]", str(file))
        _take(page, out / "clinic-start.jpg")
        for name, options in (
            ("clinic-dark.jpg", {"viewport": _DESKTOP, "color_scheme": "dark"}),
            ("clinic-phone.jpg", {"viewport": _PHONE, "is_mobile": True, "has_touch": True}),
        ):
            page = chromium.new_context(**options).new_page()
            page.goto(result)
            page.wait_for_selector(_READY)
            page.evaluate("document.getElementById('result').player.seek(20)")
            _take(page, out / name)


def image_pictures(chromium: Any, folder: Path, out: Path) -> None:
    """Take a picture of the result of each other problem."""
    for example in examples():
        package, file = folder / f"{example.problem}-package", folder / f"{example.problem}.png"
        make_package(example, package)
        cv2.imwrite(str(file), example.image[..., ::-1])
        with serving(folder / example.problem, "--package", str(package)) as server:
            page = chromium.new_page(viewport=_DESKTOP)
            measure(page, server.address, file, example.problem, example.mm_per_px)
            _take(page, out / f"clinic-{example.problem}.jpg")


def label_pictures(chromium: Any, package: Path, second: Path, folder: Path, out: Path) -> None:
    """Take the pictures of the labeller's pages: queue, a point that is dragged, two versions, agreement."""
    settings = SyntheticSource(kind="synthetic", generator="rearfoot", seed=_SEED, subjects=12, width=1280, height=720)
    subject = make_subject(settings, _PERSON, 2.0)
    rendered = list(render(subject))
    file = folder / "walk-2.mp4"
    write_video(file, (image for image, _ in rendered), subject.fps)
    (folder / "inbox").mkdir()
    with serving(folder / "labels", "--package", str(second.resolve())) as server:
        page = chromium.new_page(viewport=_DESKTOP)
        measure(page, server.address, file, "P-1042, barefoot")
        _, _, _, _, evaluation, *_ = page.url.split("/")
    options = ("--package", str(package.resolve()), "--inbox", str(folder / "inbox"))
    with serving(folder / "labels", *options) as server:
        job = finished(server, f"/api/evaluations/{evaluation}")["job"]["id"]
        labels = f"/api/evaluations/{evaluation}/jobs/{job}/labels/{file.name}"
        _label_by_two(server, labels, [points for _, points in rendered])
        page.goto(f"{server.address}/label?count=7")
        page.fill("[data-part=who]", "ada")
        page.fill("input[name=subject]", "P-1042")
        page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
        _take(page, out / "label-queue.jpg")
        page.click("text=Start labelling")
        page.wait_for_selector("#label[data-queued]:not([data-points=''])")
        _drag_a_point(page, out / "label-frame.jpg")
        frame = page.locator("#label").get_attribute("data-frame")
        points = json.loads(page.locator("#label").get_attribute("data-points"))
        theirs = [point if point["v"] == 0 else point | {"x": point["x"] + 6, "y": point["y"] - 4} for point in points]
        server.put(f"{labels}/{frame}", json={"points": theirs, "who": "grace"}).raise_for_status()
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog[open] canvas")
        _take(page, out / "label-conflict.jpg")
        page.click("text=Take theirs")
        page.goto(f"{server.address}/label/agreement")
        _take(page, out / "label-agreement.jpg")


def _label_by_two(server: Server, labels: str, truth: list[np.ndarray]) -> None:
    """Label some frames at the end as two people would who are off by about a pixel."""
    for frame in range(len(truth) - 16, len(truth), 3):
        for person, name in enumerate(("ada", "grace")):
            off = np.random.default_rng([frame, person]).normal(0.25 * person, 0.9, truth[frame].shape)
            said = [
                {"x": round(x, 2), "y": round(y, 2), "v": 2} if np.isfinite(x) else {"v": 0}
                for x, y in (truth[frame] + off).tolist()
            ]
            body = {"points": said, "who": name, "reading": person == 1}
            server.put(f"{labels}/{frame}", json=body).raise_for_status()


def _drag_a_point(page: Any, path: Path) -> None:
    """Take the picture while the left heel is dragged, with the picture zoomed in."""
    for key in ("3", "+", "+"):
        page.keyboard.press(key)
    place = "k => { const e = document.getElementById('label').editor; return e.stage.place(e.points.list[k]); }"
    box, (x, y) = page.locator("[data-part=canvas]").bounding_box(), page.evaluate(place, 2)
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    page.mouse.move(box["x"] + x + 14, box["y"] + y - 6, steps=4)
    _take(page, path)
    page.mouse.up()


def main() -> None:
    """Run the command line."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, required=True, help="package that measures the walk")
    parser.add_argument("--out", type=Path, default=Path("docs/images"), help="folder of the pictures")
    parser.add_argument("--second", type=Path, help="another package, with which it disagrees; by default the same")
    parser.add_argument("--only", choices=("walk", "images", "labels"), help="take only some of the pictures")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        if arguments.only in (None, "walk"):
            walk_pictures(chromium, arguments.package, Path(folder), arguments.out)
        if arguments.only in (None, "images"):
            image_pictures(chromium, Path(folder), arguments.out)
        if arguments.only in (None, "labels"):
            second = arguments.second or arguments.package
            label_pictures(chromium, arguments.package, second, Path(folder), arguments.out)
        chromium.close()


if __name__ == "__main__":
    main()
