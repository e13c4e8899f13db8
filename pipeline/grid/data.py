"""The arrays of a row: the problem's splits, prepared once with the row's filters, input size and box buffer."""

import json
import os
from pathlib import Path

from heelstrike.errors import UserError
from heelstrike.files import file_digest, json_digest, write_json
from pipeline.collect.boxes import rebuffered
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.prepare.stage import run as prepare
from pipeline.splits import SPLITS


def data_digest(layout: Layout) -> str:
    """Return the digest of the labelled images and their splits, which all rows share.

    Images count by name and file size, since reading all of them takes minutes and a new image has another size.

    Raises:
        UserError: The data set does not exist.
    """
    table = layout.out("collect") / "annotations.parquet"
    files = [table, *(layout.out("split") / f"{split}.json" for split in SPLITS)]
    missing = [path for path in files if not path.is_file()]
    if missing:
        raise UserError(
            f"{missing[0]} does not exist, so there is no data set to run a grid on; run `dvc repro` first "
            f"(for the data alone: dvc repro split@{layout.problem})"
        )
    folder = layout.out("collect")
    images = sorted((path.relative_to(folder).as_posix(), path.stat().st_size) for path in folder.rglob("images/**/*"))
    return json_digest([[file_digest(path) for path in files], images])


def prepared(params: ProblemParams, layout: Layout, digest: str) -> Layout:
    """Return a layout whose `split` and `prepare` outputs follow the row's settings, and make them if missing.

    Args:
        params: The row's settings; problem, collect.box_buffer_px and prepare are used.
        layout: The repository.
        digest: Digest from `data_digest`.
    """
    settings = params.model_dump(mode="json", include={"problem": True, "prepare": True})
    settings["box_buffer_px"] = params.collect.box_buffer_px
    key = json_digest([digest, settings])[:16]
    variant = Layout(layout.work("grid", "data") / key, layout.problem)
    _link(variant.out("collect"), layout.out("collect"))
    if variant.out("prepare").is_dir():
        return variant
    for split in SPLITS:
        coco = json.loads((layout.out("split") / f"{split}.json").read_text())
        write_json(variant.out("split") / f"{split}.json", rebuffered(coco, params.collect.box_buffer_px))
    prepare(params, variant)
    return variant


def _link(link: Path, folder: Path) -> None:
    """Make a relative link, so that it names the same folder of a checkout that was moved or copied."""
    target = os.path.relpath(folder.resolve(), link.parent.resolve())
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and str(link.readlink()) == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target, target_is_directory=True)
