"""Pictures of the reviewer's page for docs/images: two real packages on rendered people, in a service that really runs.

Example:
    python -m benchmarks.screenshots_review --old OLD/package --new models/rearfoot/package --out docs/images
"""

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from benchmarks.screenshots import _DESKTOP, _FLAGS, _take
from heelstrike.files import write_json
from heelstrike.package.manifest import read_manifest
from heelstrike.registry.database import open_mlflow
from heelstrike.registry.versions import Version
from pipeline.params import ProblemParams, load_params
from pipeline.registry.gate import gate
from pipeline.registry.promote import promote
from pipeline.review.evidence import with_page
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.rearfoot import render
from pipeline.synthetic.settings import SyntheticSource
from tests.browsers import serving
from tests.worlds import World

_ROOT = Path(__file__).resolve().parent.parent
_PEOPLE, _FRAMES, _SEED = 10, 3, 2031
_GATES = {"approval": "required", "four_eyes": True, "screen": None, "max_error": 60, "max_measure_error": 20}


def write_test_split(world: World) -> None:
    """Render people, and write them as the test split."""
    settings = SyntheticSource(kind="synthetic", generator="rearfoot", subjects=_PEOPLE, legs=(0.6, 1.05), seed=_SEED)
    split, folder = world.layout.out("split"), world.layout.out("collect") / "images"
    images, annotations = list[dict[str, Any]](), list[dict[str, Any]]()
    folder.mkdir(parents=True)
    for person in range(_PEOPLE):
        subject = make_subject(settings, person)
        frames = list(render(subject))
        for image, points in frames[:: max(1, len(frames) // _FRAMES)][:_FRAMES]:
            number, seen = len(images), np.isfinite(points).all(axis=1)
            if not seen.any():
                continue
            cv2.imwrite(str(folder / f"{number}.png"), image[..., ::-1])
            flat = np.column_stack([np.nan_to_num(points), 2 * seen]).ravel().tolist()
            slices = {"light": "dark" if image.mean() < 90 else "bright", "markers": str(int(seen.sum()))}
            name = f"person {person + 1}"
            images.append({"id": number, "file_name": f"images/{number}.png", "subject": name, "slices": slices})
            low, high = points[seen].min(axis=0), points[seen].max(axis=0)
            annotations.append(
                {"id": number, "image_id": number, "keypoints": flat, "bbox": [*low.tolist(), *(high - low).tolist()]}
            )
    split.mkdir(parents=True)
    (split / "test.json").write_text(json.dumps({"images": images, "annotations": annotations}))
    write_json(world.layout.out("validate") / "result.json", {"errors": 0, "warnings": 0})


def register(world: World, package: Path, seed: int) -> Version:
    """Register a package as a retrain would."""
    target = world.layout.out("package")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(package, target)
    read_manifest(target)
    return world.register(seed)


def waiting(world: World, old: Path, new: Path) -> None:
    """Make the first package champion, and let the second one wait for people, with its page."""
    section = load_params(_ROOT / "params.yaml")["rearfoot"].model_dump(mode="json", by_alias=True)
    section["gates"] |= _GATES
    params = ProblemParams.model_validate(section)
    (world.root / "params.yaml").write_text(yaml.safe_dump({"problems": ["rearfoot"], "rearfoot": section}))
    promote(world.root, world.decision(register(world, old, 1), None))
    decision = gate(world.layout, params, register(world, new, 2).number)
    complete = with_page(world.layout, params, decision, print)
    print(promote(world.root, complete))


def take(chromium: Any, world: World, data: Path, out: Path) -> None:
    """Take pictures of the comparison, which the list leads to."""
    from flows.reviewing import CheckoutApprovals
    from heelstrike.serve.settings import ServeSettings

    with serving(ServeSettings(data=data, root=world.root), CheckoutApprovals(world.root)) as service:
        page = chromium.new_page(viewport=_DESKTOP)
        page.goto(f"{service}/reviews")
        page.click("text=rearfoot/2")
        page.wait_for_selector("#evidence[data-state=ready]")
        _take(page, out / "review.jpg")
        first = page.locator("#evidence figure:visible").first
        first.locator("textarea").fill("The heel marker is half covered; the label is right.")
        first.locator("text=Add note").click()
        page.wait_for_selector("#evidence [data-note]")
        page.select_option("[name=keypoint]", "left_heel")
        page.locator("#evidence figure:visible").first.scroll_into_view_if_needed()
        _take(page, out / "review-images.jpg")


def main() -> None:
    """Run the command line."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--old", type=Path, required=True, help="package of the champion")
    parser.add_argument("--new", type=Path, required=True, help="package of the candidate")
    parser.add_argument("--out", type=Path, default=Path("docs/images"), help="folder of the pictures")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ["HEELSTRIKE_CACHE"] = f"{folder}/cache"
        world = World(Path(folder) / "repository")
        world.root.mkdir()
        open_mlflow(world.root).search_experiments()
        write_test_split(world)
        os.environ["HEELSTRIKE_USER"] = "trainer"
        waiting(world, arguments.old, arguments.new)
        os.environ["HEELSTRIKE_USER"] = "grace"
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        take(chromium, world, Path(folder) / "data", arguments.out)
        chromium.close()


if __name__ == "__main__":
    main()
