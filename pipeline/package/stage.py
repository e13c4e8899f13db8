"""The package stage: weights to one ONNX graph with manifest and model card, checked against the network."""

import functools
import importlib.metadata
import json
from pathlib import Path
from typing import Any

import pandas as pd

from heelstrike.errors import UserError
from heelstrike.files import file_digest, folder_aside, json_digest, write_json
from heelstrike.measure.radii import RADII, Radii
from heelstrike.monitor.reference import REFERENCE, reference_bytes
from heelstrike.package.manifest import CARD, MODEL, write_manifest
from heelstrike.package.runtime import Package
from heelstrike.progress import progress
from pipeline.evaluate.judged_split import read_judged_split
from pipeline.layout import Layout
from pipeline.models.build import load_trained
from pipeline.package.arithmetic import choose, pictures_of
from pipeline.package.card import SplitCount, numbers, write_card
from pipeline.package.category import category_of
from pipeline.package.disturbed.check import check_disturbed
from pipeline.package.disturbed.result import DISTURBED, Disturbed, to_csv
from pipeline.package.export import export_model, outputs_of
from pipeline.package.parity import check_parity
from pipeline.package.reference import make_reference
from pipeline.package.temporal import check_temporal, read_verdict, write_temporal
from pipeline.params import ProblemParams
from pipeline.splits import SPLITS, TEST, VAL

# the files that distinguish prepared data sets
_LABELS = {"index.parquet", "keypoints.npy", "visibility.npy", "classes.npy", "objects.npy"}


def run(params: ProblemParams, layout: Layout) -> None:
    """Export, describe and check the trained network.

    Writes models/PROBLEM/package, and reports/PROBLEM/disturbed with the result of the disturbed check; or nothing.

    Raises:
        UserError: An input is missing, or ONNX and torch differ by more than `package.parity_px`.
    """
    prepared, metrics, radii = layout.out("prepare"), _metrics(layout), _radii(layout)
    network, verdict = load_trained(layout.out("train")), read_verdict(layout)
    settings = network.settings.model_dump(mode="json")
    with (
        progress(f"package {layout.problem}", 4) as bar,
        folder_aside(layout.report("disturbed")) as report,
        folder_aside(layout.out("package")) as folder,
    ):
        graph = export_model(network, params.problem.input)
        (folder / MODEL).write_bytes(graph.SerializeToString(deterministic=True))
        bar.advance()
        card = functools.partial(
            write_card, layout.problem, params, settings, metrics, _counts(layout), temporal=verdict
        )
        (folder / CARD).write_text(card())
        write = functools.partial(
            write_manifest,
            folder,
            network=settings,
            heads=outputs_of(network),
            radii=radii,
            temporal=write_temporal(layout, verdict, folder),
            training_data=_training_data(prepared),
            metrics=dict(sorted(numbers(metrics))),
            **_asked(params, layout.problem),
        )
        write()
        bar.advance()
        # if a check fails, the folder is discarded
        check_temporal(Package.load(folder), layout)
        worst = check_parity(Package.load(folder), network, prepared / TEST, layout, params.package.parity_px)
        write = functools.partial(write, parity_px=float(f"{worst:.3g}"))
        write()
        if params.package.quantise is not None:
            val, pictures = read_judged_split(layout, params, VAL), pictures_of(prepared / VAL)
            choice = choose(folder, graph, write, val, pictures, params.evaluate)
            write = functools.partial(write, quantised=choice.quantised if choice.kept else None)
            card = functools.partial(card, choice=choice)
            (folder / CARD).write_text(card())
            write()
        tests = read_judged_split(layout, params)
        if params.package.reference is not None:
            reference = make_reference(Package.load(folder, threads=1), tests, params.package.reference)
            (folder / REFERENCE).write_bytes(reference_bytes(reference))
            write()
        bar.advance(parity_px=worst)
        if params.package.disturbed is None:
            write_json(report / DISTURBED, None)
            return
        kinds = check_disturbed(Package.load(folder, threads=1), tests, params.package.disturbed)
        (folder / CARD).write_text(card(disturbed=kinds))
        result = Disturbed(
            package=write().digest, test_split=tests.digest, settings=params.package.disturbed, kinds=kinds
        )
        write_json(report / DISTURBED, result.model_dump(mode="json"))
        (report / "disturbed.csv").write_text(to_csv(kinds))
        bar.advance(disturbed_off_share=result.off_share)


def _asked(params: ProblemParams, problem: str) -> dict[str, Any]:
    """Return the manifest's fields that params decide."""
    return {
        "heelstrike": importlib.metadata.version("heelstrike"),
        "problem": problem,
        "category": category_of(params.problem),
        "flip_pairs": params.problem.flip_pairs,
        "input": params.problem.input,
        "filters": params.prepare.filters,
        "mirror": params.prepare.mirror,
        "zoom": params.package.zoom,
        "confidence": params.package.confidence,
        "measure": params.measure,
        "max_radius_px": params.package.max_radius_px,
    }


def _training_data(prepared: Path) -> str:
    """The digest of the prepared labels."""
    files = [path for split in SPLITS for path in (prepared / split).iterdir() if path.name in _LABELS]
    return json_digest({f"{path.parent.name}/{path.name}": file_digest(path) for path in files})


def _metrics(layout: Layout) -> Any:
    return _evaluated(layout.out("evaluate").parent / "metrics.json")


def _radii(layout: Layout) -> Radii | None:
    stored = _evaluated(layout.out("evaluate") / RADII)
    return None if stored is None else Radii.model_validate(stored)


def _evaluated(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        raise UserError(f"{path}: not there; run the evaluate stage first") from None


def _counts(layout: Layout) -> list[SplitCount]:
    """Images, subjects and videos of each split."""
    counts = []
    for split in SPLITS:
        index = pd.read_parquet(layout.out("prepare") / split / "index.parquet", columns=["subject", "video"])
        videos = index["video"][index["video"] != ""].nunique()
        counts.append(SplitCount(split, len(index), index["subject"].nunique(), videos))
    return counts
