"""Speed of `heelstrike predict` on a 1080p video, against another checkout and against a plain loop.

All are measured in one run, on the same frames and cores, in turns:
  decode         reading the frames of the video and nothing else (in checkouts that convert every frame, also that)
  decode to RGB  the same, with every frame as an RGB image
  predict        `heelstrike predict`: a package, decodes ahead, writes JSON and CSV; with --overlay the drawn video too
  eager          the same network frame by frame in eager torch: decode, scale, predict, measure, one after the other
  photograph     `heelstrike predict` on one frame as a PNG, in a new process: Python's start, imports, session, results

After that, the differences that scaling from the decoder's planes makes to pixels and results (predict_parity.py).

Decode and predict run in a process of their own (predict_once.py), with the code of this checkout and of each that
--against names. Frames a second are what a user waits for; CPU milliseconds a frame hold on a busy machine too.

Examples:
    python -m benchmarks.predict_speed                                  # default network, rendered video
    python -m benchmarks.predict_speed --trained models/rearfoot/train --package models/rearfoot/package
    python -m benchmarks.predict_speed --video walk.mp4 --overlay
    python -m benchmarks.predict_speed --against ../before              # a worktree of an older commit
"""

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypedDict

import cv2
import numpy as np
import onnx
import torch
from jaxtyping import UInt8

from benchmarks.predict_parity import against, parity
from heelstrike.files import json_digest, write_json
from heelstrike.measure.build import build_measure
from heelstrike.measure.radii import Radii
from heelstrike.package.manifest import MANIFEST, MODEL, write_manifest
from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.video.reader import VideoReader
from heelstrike.video.writer import write_video
from pipeline.models.build import build_model, load_trained
from pipeline.models.network import Network
from pipeline.package.category import category_of
from pipeline.package.export import export_model
from pipeline.params import ProblemParams, load_params
from pipeline.prepare.preprocess import Preprocess
from pipeline.synthetic.settings import SyntheticSource
from pipeline.synthetic.source import GENERATORS

_HERE = Path(__file__).resolve().parents[1]
_LEGS = ((800, 300), (802, 600), (795, 850), (1100, 300), (1098, 600), (1106, 850))  # two legs, top to bottom
_RENDERED = 60  # frames that are rendered; played forwards and backwards until the video is long enough


class Speed(TypedDict):
    """Speed of one piece of work."""

    frames_per_s: float
    cpu_ms: float


def main() -> None:
    arguments = _arguments()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.cores])
    torch.set_num_threads(arguments.torch_threads or arguments.cores)
    params = load_params(arguments.params)[arguments.problem]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video = arguments.video or write_film(folder / "walk.mp4", arguments.frames)
        network = load_trained(arguments.trained) if arguments.trained else build_model(params.problem, params.model)
        package = arguments.package or write_package(folder / "package", network, params)
        if arguments.against:
            package = _of_format_2(package, folder / "old_package")
        with VideoReader(video) as reader:
            shape = next(iter(reader.frames())).image.shape
        parameters = sum(p.numel() for p in network.parameters())
        print(f"video {shape[1]}x{shape[0]}, network {network.settings.name} with {parameters / 1e6:.2f} M parameters, "
              f"{arguments.cores} cores, load {os.getloadavg()[0]:.1f} before")  # fmt: skip
        results: dict[str, list[Speed]] = {}
        for _ in range(arguments.rounds):
            for checkout in (_HERE, *arguments.against):
                for work, speed in _once(checkout, video, package, folder / "out", arguments.overlay).items():
                    results.setdefault(work if checkout == _HERE else f"{work} of {checkout.name}", []).append(speed)
            if not arguments.no_eager:
                results.setdefault("eager torch", []).append(_timed(lambda: _eager(video, network, params)))
        seconds = [_photograph(video, package, folder) for _ in range(arguments.rounds)]
        differences = list(parity(video, package))
        if arguments.floats is not None:
            differences += [f"against {arguments.floats}:", *against(video, package, arguments.floats)]
    for work, speeds in results.items():
        fast, busy = (float(np.median([speed[k] for speed in speeds])) for k in ("frames_per_s", "cpu_ms"))
        print(f"{work}: median {fast:.1f} frames/s, {busy:.1f} ms CPU a frame, of {len(speeds)} rounds")
    print(f"predict / decode: {_ratio(results, 'decode'):.2f}, predict / decode to RGB: "
          f"{_ratio(results, 'decode to RGB'):.2f}")  # fmt: skip
    print(f"photograph from cold start: median {np.median(seconds):.2f} s of {len(seconds)} rounds")
    print(*differences, sep="\n")


def _ratio(results: dict[str, list[Speed]], to: str) -> float:
    """Median over the rounds of the frames a second of predicting against those of other work in the same round."""
    pairs = zip(results["predict"], results[to], strict=True)
    return float(np.median([predict["frames_per_s"] / other["frames_per_s"] for predict, other in pairs]))


def _photograph(video: Path, package: Path, folder: Path) -> float:
    """Seconds that `heelstrike predict` takes on the video's first frame as a PNG, in a new process."""
    picture = folder / "photograph.png"
    if not picture.exists():
        with VideoReader(video) as reader:
            cv2.imwrite(str(picture), next(iter(reader.frames())).image[..., ::-1])
    command = [sys.executable, "-m", "heelstrike", "predict", str(picture), "--out", str(folder / "photograph")]
    start = time.perf_counter()
    subprocess.run([*command, "--package", str(package)], cwd=_HERE, check=True, capture_output=True)
    return time.perf_counter() - start


def _once(checkout: Path, video: Path, package: Path, out: Path, overlay: bool) -> dict[str, Speed]:
    """Speed of decoding and of predicting with a checkout's code, in a process of its own."""
    command = [sys.executable, str(_HERE / "benchmarks" / "predict_once.py"), str(video), str(package), str(out)]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    options = ["--overlay"] if overlay else []
    done = subprocess.run([*command, *options], cwd=checkout, env=environment, check=True, stdout=subprocess.PIPE)
    speeds: dict[str, Speed] = json.loads(done.stdout.splitlines()[-1])
    return speeds


def _timed(work: Callable[[], int]) -> Speed:
    """Speed of `work`, which returns how many frames it did."""
    start, cpu = time.perf_counter(), time.process_time()
    frames = work()
    seconds, busy = time.perf_counter() - start, time.process_time() - cpu
    return Speed(frames_per_s=frames / seconds, cpu_ms=1000 * busy / frames)


def _of_format_2(package: Path, copy: Path) -> Path:
    """Copy the package in format 2, which an old checkout can read."""
    shutil.copytree(package, copy)
    content = json.loads((copy / MANIFEST).read_text())
    for name in ("digest", "heads", "min_reader"):
        content.pop(name, None)
    content["format_version"] = 2
    write_json(copy / MANIFEST, content | {"digest": json_digest(content)})
    return copy


def _eager(video: Path, network: Network, params: ProblemParams) -> int:
    """Measure frame by frame, without threads and results. Return the number of frames."""
    scale = Preprocess(params.problem.input, torch.get_num_threads())
    measure = None
    if params.measure is not None:
        measure = build_measure(params.measure, params.problem.keypoints, params.package.confidence)
    count = 0
    network.eval()
    with VideoReader(video) as reader, torch.inference_mode():
        for frame in reader.frames():
            pixels, letterbox = scale(frame.image)
            prediction = network.predict(torch.from_numpy(pixels)[None])
            keypoints = Letterbox(*map(float, letterbox)).backward(prediction["keypoints"][0].numpy())
            if measure is not None:
                measure.measure(keypoints, prediction["confidence"][0].numpy())
            count += 1
    return count


def write_film(path: Path, frames: int) -> Path:
    """A rendered 1080p walk as H.264."""
    print(f"rendering {_RENDERED} frames of 1920x1080 ...", flush=True)
    settings = SyntheticSource(kind="synthetic", width=1920, height=1080, seed=3)
    clip = GENERATORS[settings.generator].clip(settings, 0)
    walk = [image for image, _ in itertools.islice(clip.frames, _RENDERED)]

    def there_and_back() -> Iterator[UInt8[np.ndarray, "1080 1920 3"]]:
        yield from itertools.islice(itertools.cycle([*walk, *walk[-2:0:-1]]), frames)

    write_video(path, there_and_back(), 30)
    return path


def write_package(folder: Path, network: Network, params: ProblemParams) -> Path:
    """A package of a network that need not be trained: its speed does not depend on the weights.

    Keypoints that it finds are replaced by the keypoints of two legs, so that every frame is measured.
    """
    folder.mkdir()
    graph = export_model(network, params.problem.input)
    if len(params.problem.keypoints) == len(_LEGS):
        _replace(graph, "keypoints", np.array(_LEGS, np.float32))
        _replace(graph, "confidence", np.ones(len(_LEGS), np.float32))
    (folder / MODEL).write_bytes(graph.SerializeToString())
    write_manifest(
        folder,
        heelstrike="benchmark",
        problem="benchmark",
        network=network.settings.model_dump(mode="json"),
        category=category_of(params.problem),
        input=params.problem.input,
        confidence=params.package.confidence,
        measure=params.measure,
        radii=_radii(params),
        training_data="0" * 64,
    )
    return folder


def _replace(graph: onnx.ModelProto, output: str, value: np.ndarray) -> None:
    """Replace the value of an output of a graph; the graph still computes the value that it had."""
    for node in graph.graph.node:
        node.output[:] = [f"{name}_before" if name == output else name for name in node.output]
    zero, to = f"{output}_zero", f"{output}_to"
    graph.graph.initializer.extend(
        [onnx.numpy_helper.from_array(np.array(0, np.float32), zero), onnx.numpy_helper.from_array(value, to)]
    )
    graph.graph.node.extend(
        [
            onnx.helper.make_node("Mul", [f"{output}_before", zero], [f"{output}_none"]),
            onnx.helper.make_node("Add", [f"{output}_none", to], [output]),
        ]
    )


def _radii(params: ProblemParams) -> Radii:
    """Radii of a plausible size, since half-widths are a part of the work."""
    quantities: tuple[str, ...] = ()
    if params.measure is not None:
        measure = build_measure(params.measure, params.problem.keypoints, params.package.confidence)
        quantities = measure.quantities if measure is not None else ()
    return Radii(
        level=0.9,
        subjects=40,
        difficulty=((0.0, 8.0), (1.0, 2.0)),
        factors=(1.0,) * len(params.problem.keypoints),
        quantities=dict.fromkeys(quantities, 1.0),
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="params file (default: %(default)s)")
    parser.add_argument("--problem", default="rearfoot", help="section of it (default: %(default)s)")
    parser.add_argument("--trained", type=Path, help="folder of the train stage; default: fresh weights")
    parser.add_argument("--package", type=Path, help="its package; default: exported here")
    parser.add_argument("--floats", type=Path, help="the same network's package without integers, to compare results")
    parser.add_argument("--video", type=Path, help="default: a rendered 1920x1080 H.264 walk")
    parser.add_argument("--frames", type=int, default=300, help="length of the rendered video (default: %(default)s)")
    parser.add_argument("--cores", type=int, default=2, help="CPU cores both may use (default: %(default)s)")
    parser.add_argument(
        "--torch-threads",
        type=int,
        default=0,
        help="threads of eager torch; 0: one per core. On a busy machine 1 is faster: its threads wait for each other",
    )
    parser.add_argument("--rounds", type=int, default=3, help="repetitions; the median counts (default: %(default)s)")
    parser.add_argument(
        "--against", type=Path, action="append", default=[], help="another checkout to measure too; may be repeated"
    )
    parser.add_argument("--no-eager", action="store_true", help="leave eager torch out")
    parser.add_argument("--overlay", action="store_true", help="predict also writes the drawn video")
    return parser.parse_args()


if __name__ == "__main__":
    main()
