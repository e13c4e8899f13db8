"""One round of predict_speed.py, in the root of any checkout, with its code; prints one line of JSON."""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

if Path("heelstrike").is_dir():
    from heelstrike.package.runtime import Package
    from heelstrike.predict import results
    from heelstrike.predict.predictor import predict_path
    from heelstrike.video.reader import VideoReader
else:  # a checkout from before the consumer's library was one; not the library that is installed
    from pipeline.package.runtime import Package
    from pipeline.predict import results
    from pipeline.predict.predictor import predict_path
    from pipeline.video import VideoReader

ModelReference = vars(results).get("ModelReference") or vars(results)["Model"]  # earlier checkouts call it Model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument("package", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--overlay", action="store_true")
    arguments = parser.parse_args()

    frames = 0

    def decode() -> None:
        nonlocal frames
        with VideoReader(arguments.video) as reader:
            frames = sum(1 for _ in reader.frames())

    def decode_to_rgb() -> None:
        with VideoReader(arguments.video) as reader:
            for frame in reader.frames():
                assert frame.image is not None

    def predict() -> None:
        package, model = Package.load(arguments.package), ModelReference(str(arguments.package))
        predict_path(arguments.video, package, model, arguments.out, arguments.overlay)

    times = {"decode": seconds_of(decode), "decode to RGB": seconds_of(decode_to_rgb), "predict": seconds_of(predict)}
    speeds = {
        name: {"frames_per_s": frames / wall, "cpu_ms": 1000 * busy / frames} for name, (wall, busy) in times.items()
    }
    print(json.dumps(speeds))


def seconds_of(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds that pass while `work` runs, and seconds that the process's threads compute meanwhile."""
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - cpu


if __name__ == "__main__":
    main()
