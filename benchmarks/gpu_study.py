"""The published study's 42 custom networks on a GPU, in a stated time, from a file of at most 50 MB.

`pack` writes that file where the data are: frames of every split as JPEG, with their labels. `run` needs the file, this
repository and the packages that train; no DVC, Prefect or MLflow. It times an update of every network, trains all rows
at the largest share of their epochs that fits into the time, and writes tables.md, tables.csv and throughput.md. A row
for which no time is left is missing from the tables by name. Results are kept, so that a second call goes on.
benchmarks/train_speed.py compares the loop with one fixed batch.

Examples:
    python -m benchmarks.gpu_study pack study.tar
    python -m benchmarks.gpu_study run study.tar --out $OUT --seconds 540
    python -m benchmarks.gpu_study run study.tar --out /tmp/out --seconds 60 --only kp1,loc1,mh1     # a toy, on a CPU
"""

import argparse
import io
import json
import statistics
import tarfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from PIL import Image

from heelstrike.errors import UserError
from heelstrike.files import write_json
from pipeline.grid.data import data_digest
from pipeline.grid.definition import Definition, load_definition
from pipeline.grid.render import write_csv, write_markdown
from pipeline.grid.row import Scale, machine, read_result, run_row
from pipeline.grid.rows import Planned, plan_rows
from pipeline.grid.tables import fill_tables
from pipeline.heads.arrays import Batch
from pipeline.layout import Layout
from pipeline.models.build import build_model
from pipeline.params import ProblemParams, load_params
from pipeline.splits import SPLITS
from pipeline.train.data import ArrayDataset
from pipeline.train.fit import Plan, precision_of
from pipeline.train.heads import head_losses, total_loss

TABLES = ("keypoints", "localization", "multihead")
MOST = 50_000_000  # bytes of the file
_OVERHEAD = 1.5  # a training's time relative to that of its updates alone: reading, augmentation, validation
_ROW_S = 3.0  # preparing and judging of a row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    packing = commands.add_parser("pack", help="write the file of frames and labels")
    packing.add_argument("file", type=Path)
    packing.add_argument("--images", type=int, nargs=3, default=[320, 80, 120], help="of train, val and test, at most")
    packing.add_argument("--quality", type=int, default=90, help="of the JPEG frames")
    packing.set_defaults(do=pack)
    running = commands.add_parser("run", help="train all rows and write the tables")
    running.add_argument("file", type=Path)
    running.add_argument("--out", type=Path, required=True)
    running.add_argument("--seconds", type=float, default=540)
    running.add_argument("--only", default="", help="names of rows, separated by commas")
    running.set_defaults(do=run)
    for command in (packing, running):
        command.add_argument("--params", type=Path, default=Path("params.yaml"))
        command.add_argument("--problem", default="rearfoot")
    arguments = parser.parse_args()
    arguments.do(arguments)


def pack(arguments: argparse.Namespace) -> None:
    layout = Layout(arguments.params.resolve().parent, arguments.problem)
    with tarfile.open(arguments.file, "w") as archive:
        for split, most in zip(SPLITS, arguments.images, strict=True):
            coco = json.loads((layout.out("split") / f"{split}.json").read_text())
            step = max(1, len(coco["images"]) // most)
            coco["images"] = coco["images"][::step][:most]
            kept = {image["id"] for image in coco["images"]}
            coco["annotations"] = [label for label in coco["annotations"] if label["image_id"] in kept]
            for image in coco["images"]:
                frame = io.BytesIO()
                source = layout.out("collect") / image["file_name"]
                Image.open(source).convert("RGB").save(frame, "JPEG", quality=arguments.quality)
                image["file_name"] = str(Path(image["file_name"]).with_suffix(".jpg"))
                _add(archive, f"collect/{image['file_name']}", frame.getvalue())
            _add(archive, f"split/{split}.json", json.dumps(coco).encode())
    size = arguments.file.stat().st_size
    print(f"{arguments.file}: {size / 1e6:.1f} MB")
    if size > MOST:
        raise SystemExit(f"more than {MOST / 1e6:.0f} MB; use fewer --images or a lower --quality")


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def run(arguments: argparse.Namespace) -> None:
    deadline = time.monotonic() + arguments.seconds
    layout = Layout(arguments.out.resolve() / "work", arguments.problem)
    with tarfile.open(arguments.file) as archive:
        archive.extractall(layout.out("collect").parent, filter="data")
    table = layout.out("collect") / "annotations.parquet"
    pd.DataFrame({"file": [arguments.file.name]}).to_parquet(table)  # the digest of the data asks for it
    definition, params = load_definition("study"), load_params(arguments.params)[arguments.problem]
    only = arguments.only or ",".join(row.name for row in definition.rows if row.table in TABLES)
    whole = plan_rows(definition, params, 1.0, only)
    images = len(json.loads((layout.out("split") / "train.json").read_text())["images"])
    lines, seconds = throughput(whole, images)
    spare = deadline - time.monotonic() - _ROW_S * len(whole)
    budget = float(f"{max(min(1.0, spare / sum(seconds)), 0.001):.2g}")
    print(
        f"{len(whole)} rows, {images} training images, {sum(seconds):.0f} s at full length: budget {budget}", flush=True
    )
    results = train(plan_rows(definition, params, budget, only), definition, layout, Scale(budget), arguments, deadline)
    lines += [f"- {name}: {result['train_seconds']} s" for name, result in results.items() if "train_seconds" in result]
    (arguments.out / "throughput.md").write_text("\n".join([f"# {machine()}", "", *lines]) + "\n")
    filled = [table for table in fill_tables(definition, results) if table.lines]
    write_markdown(definition, filled, results, arguments.out / "tables.md")
    write_csv(filled, arguments.out / "tables.csv")


def throughput(rows: list[Planned], images: int) -> tuple[list[str], list[float]]:
    """Time updates of every network on a fixed batch. Return table lines, and each row's seconds at full length."""
    lines, seconds, known = (
        ["| row | batch | ms an update | images/s |", "| --- | --- | --- | --- |"],
        [],
        dict[str, float](),
    )
    for row in rows:
        plan = _plan(row.params)
        key = plan.model_dump_json(exclude={"train": {"steps", "seed"}})
        if key not in known:
            known[key] = update_seconds(plan)
        updates = sum(
            _updates(step, images, plan.train.batch_size * plan.train.accumulate) for step in plan.train.steps
        )
        seconds.append(_OVERHEAD * known[key] * updates * plan.train.accumulate)
        size = plan.train.batch_size
        lines.append(f"| {row.name} | {size} | {1000 * known[key]:.1f} | {size / known[key]:.0f} |")
    return [*lines, ""], seconds


def _updates(step: Any, images: int, batch: int) -> int:
    return int(step.iterations or step.epochs * -(-images // batch))


def update_seconds(plan: Plan, repeats: int = 5) -> float:
    """Return the median seconds of an update on a batch in the device's memory."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    batch = Batch(*(tensor.to(device) for tensor in _random_batch(plan)))
    network = build_model(plan.problem, plan.model).to(device).to(memory_format=torch.channels_last)
    optimizer, heads = torch.optim.AdamW(network.parameters(), lr=1e-4), plan.train.steps[-1].heads
    half = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}.get(precision_of(plan, network))
    times = []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        with torch.autocast(device.type, half or torch.bfloat16, enabled=half is not None):
            losses = head_losses(network, network(batch.pixels), batch, heads, plan.train)
        optimizer.zero_grad()
        total_loss(losses, plan.train).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times[2:])


def _random_batch(plan: Plan) -> Batch:
    from benchmarks.train_speed import random_arrays_of

    rows = plan.train.batch_size
    return ArrayDataset(random_arrays_of(plan.problem, rows)).__getitems__([(0, row) for row in range(rows)])


def train(
    rows: list[Planned],
    definition: Definition,
    layout: Layout,
    scale: Scale,
    arguments: argparse.Namespace,
    deadline: float,
) -> dict[str, dict[str, Any]]:
    """Train and judge the rows while time is left, and return their results by name."""
    data, results = data_digest(layout), dict[str, dict[str, Any]]()
    for row in rows:
        path = arguments.out / "rows" / f"{row.name}.json"
        result = read_result(path)
        if result is None or result.get("budget") != scale.budget:
            if time.monotonic() > deadline:
                print(f"{row.name} and the rows after it: no time is left", flush=True)
                break
            about = {"row": row.name, "table": row.row.table, "budget": scale.budget, "machine": machine()}
            try:
                result = about | run_row(row, scale, layout, data, arguments.out / "work" / "trained" / row.name)
            except UserError as error:
                result = about | {"state": "failed", "message": str(error)}
            write_json(path, result)
        results[row.name] = result
        print(f"{row.name}: {result['state']}, {result.get('train_seconds', 0)} s", flush=True)
    return results


def _plan(params: ProblemParams) -> Plan:
    return Plan(problem=params.problem, model=params.model, train=params.train, augment=params.augment)


if __name__ == "__main__":
    main()
