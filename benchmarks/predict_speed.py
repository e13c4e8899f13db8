"""How fast is `heelstrike predict` on a 1080p video, and how much faster than the naive way?

Both in one run, on the same frames, on the same cores:
  predict   heelstrike's own: a package, three threads, JSON and CSV written; with --overlay also the drawn video
  eager     the same network frame by frame in eager torch: decode, scale, predict, measure, one after the other

Examples:
    python benchmarks/predict_speed.py                                  # default network, rendered video
    python benchmarks/predict_speed.py --trained models/rearfoot/train --package models/rearfoot/package
    python benchmarks/predict_speed.py --video walk.mp4 --overlay
"""

import argparse
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from heelstrike.measure.build import build_measure
from heelstrike.package.manifest import MODEL, write_manifest
from heelstrike.package.runtime import Package
from heelstrike.predict.predictor import predict_path
from heelstrike.predict.results import Model
from heelstrike.preprocess.letterbox import Letterbox
from heelstrike.video.reader import VideoReader
from heelstrike.video.writer import write_video
from pipeline.models.build import build_model, load_trained
from pipeline.models.network import Network
from pipeline.package.category import category_of
from pipeline.package.export import export_model
from pipeline.params import ProblemParams, load_params
from pipeline.prepare.preprocess import Preprocess
from pipeline.synthetic import GENERATORS
from pipeline.synthetic.settings import SyntheticSource

_RENDERED = 60  # frames that are really rendered; shown forwards and backwards until the video is long enough


def main() -> None:
    arguments = _arguments()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.cores])
    torch.set_num_threads(arguments.torch_threads or arguments.cores)
    params = load_params(arguments.params)[arguments.problem]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video = arguments.video or _film(folder / "walk.mp4", arguments.frames)
        network = load_trained(arguments.trained) if arguments.trained else build_model(params.problem, params.model)
        where = arguments.package or _package(folder / "package", network, params)
        with VideoReader(video) as reader:
            shape = next(iter(reader.frames())).image.shape
        parameters = sum(p.numel() for p in network.parameters())
        print(f"video {shape[1]}x{shape[0]}, network {network.settings.name} with {parameters / 1e6:.2f} M parameters, "
              f"{arguments.cores} cores, load {os.getloadavg()[0]:.1f} before")  # fmt: skip
        rounds = [_round(video, where, network, params, folder, arguments.overlay) for _ in range(arguments.rounds)]
    fast, slow = (float(np.median([r[k] for r in rounds])) for k in (0, 1))
    print(f"median: predict {fast:.1f} frames/s, eager torch {slow:.1f} frames/s, ratio {fast / slow:.2f}")


def _round(
    video: Path, where: Path, network: Network, params: ProblemParams, folder: Path, overlay: bool
) -> tuple[float, float]:
    """Frames a second of heelstrike's predict and of the eager loop, the loading of both included."""

    def consumer() -> int:
        report = predict_path(video, Package.load(where), Model(str(where)), folder / "out", overlay)
        return int(report.done[0].summary["frames"])

    fast = _timed("predict", consumer)
    slow = _timed("eager torch", lambda: _eager(video, network, params))
    return fast, slow


def _timed(name: str, work: Callable[[], int]) -> float:
    """Frames a second of `work`, which returns how many it did. CPU time too: it says something on a busy machine."""
    start, cpu = time.perf_counter(), time.process_time()
    frames = work()
    seconds, busy = time.perf_counter() - start, time.process_time() - cpu
    print(f"{name}: {frames / seconds:.1f} frames/s, {1000 * busy / frames:.1f} ms CPU per frame", flush=True)
    return frames / seconds


def _eager(video: Path, network: Network, params: ProblemParams) -> int:
    """The naive consumer; writes nothing. Returns the number of frames."""
    scale = Preprocess(params.problem.input, torch.get_num_threads())
    measure = None
    if params.measure is not None:
        measure = build_measure(params.measure, params.problem.keypoints, params.package.confidence)
    count = 0
    network.eval()
    with VideoReader(video) as reader, torch.inference_mode():
        for frame in reader.frames():
            pixels, letterbox = scale(frame.image)
            found = network.predict(torch.from_numpy(pixels)[None])
            keypoints = Letterbox(*map(float, letterbox)).backward(found["keypoints"][0].numpy())
            if measure is not None:
                measure.measure(keypoints, found["confidence"][0].numpy())
            count += 1
    return count


def _film(path: Path, frames: int) -> Path:
    """A rendered 1080p walk as H.264."""
    print(f"rendering {_RENDERED} frames of 1920x1080 ...", flush=True)
    settings = SyntheticSource(kind="synthetic", width=1920, height=1080, seed=3)
    clip = GENERATORS[settings.generator].clip(settings, 0)
    walk = [image for image, _ in itertools.islice(clip.frames, _RENDERED)]

    def there_and_back() -> Iterator[UInt8[np.ndarray, "1080 1920 3"]]:
        yield from itertools.islice(itertools.cycle([*walk, *walk[-2:0:-1]]), frames)

    write_video(path, there_and_back(), 30)
    return path


def _package(folder: Path, network: Network, params: ProblemParams) -> Path:
    """A package of a network that need not be trained: speed does not depend on the weights."""
    folder.mkdir()
    (folder / MODEL).write_bytes(export_model(network, params.problem.input).SerializeToString())
    write_manifest(
        folder,
        heelstrike="benchmark",
        problem="benchmark",
        network=network.settings.model_dump(mode="json"),
        category=category_of(params.problem),
        input=params.problem.input,
        confidence=params.package.confidence,
        measure=params.measure,
        training_data="0" * 64,
    )
    return folder


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="params file (default: %(default)s)")
    parser.add_argument("--problem", default="rearfoot", help="section of it (default: %(default)s)")
    parser.add_argument("--trained", type=Path, help="folder of the train stage; default: fresh weights")
    parser.add_argument("--package", type=Path, help="its package; default: exported here")
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
    parser.add_argument("--overlay", action="store_true", help="predict also writes the drawn video")
    return parser.parse_args()


if __name__ == "__main__":
    main()
