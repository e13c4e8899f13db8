"""The videos of `benchmarks.monitor`: populations of rendered people, what spoils their pictures, and their records."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8
from scipy.optimize import brentq

from heelstrike.monitor.folder import read_records
from heelstrike.monitor.geometry import Arrangement, geometry_of
from heelstrike.monitor.identity import files_by_id
from heelstrike.monitor.trembling import Trembling
from heelstrike.monitor.watch import Watch
from heelstrike.monitor.wire import InputRecord
from heelstrike.package.runtime import Package
from heelstrike.predict.predictor import predict_path
from heelstrike.predict.results import ModelReference
from heelstrike.results import PredictionResult, read_result
from heelstrike.rounding import round_number
from heelstrike.video.writer import VideoWriter
from pipeline.synthetic.clinic import Clinic
from pipeline.synthetic.people import make_subject
from pipeline.synthetic.rearfoot import render
from pipeline.synthetic.settings import SyntheticSource

Picture = UInt8[np.ndarray, "H W 3"]
Change = Callable[[Picture, np.random.Generator], Picture]

CLINIC = Clinic(7, "even", "ball", (0.3, 0.4))
SOURCE = SyntheticSource(kind="synthetic", seed=4242, frame_step=5)
_MANY = SOURCE.model_copy(update={"legs": (0.6, 1.05), "incomplete": 0.05, "upright": 0.1})
LARGER = 1.25
SPOILT = ("blur", "noise", "coarse")
_SKELETON = ((1, 2), (2, 3), (4, 5), (5, 6))
_BLURS, _NOISES, _COARSE = (3.0, 4.5, 6.5, 9.0), (40.0, 70.0, 110.0), (3.0, 4.5, 6.5)
_STEADY, _STEADY_S = SOURCE.model_copy(update={"frame_step": 1}), 0.5


@dataclass(frozen=True)
class Population:
    """People to render: their set-up, their numbers, and what spoils the pictures."""

    source: SyntheticSource
    clinic: Clinic | None
    first: int
    count: int
    change: Change | None = None
    seconds: float | None = None


def _blurred(sigma: float) -> Change:
    return lambda picture, rng: np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def _noisy(level: float) -> Change:
    def change(picture: Picture, rng: np.random.Generator) -> Picture:
        return np.clip(picture + level * rng.standard_normal(picture.shape, np.float32), 0, 255).astype(np.uint8)

    return change


def _coarse(factor: float) -> Change:
    def change(picture: Picture, rng: np.random.Generator) -> Picture:
        height, width = picture.shape[:2]
        small = cv2.resize(picture, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)

    return change


def populations(people: int, drifted: int) -> dict[str, Population]:
    """Return the populations by name; no person is in two of them, except where a calibration says so."""
    base, start = Population(SOURCE, CLINIC, 0, people), 2000
    set_ups = {
        "height_0.8": (1, replace(CLINIC, height=(0.75, 0.85))),
        "light_dim": (2, replace(CLINIC, light="dim")),
        "markers_cross": (4, replace(CLINIC, markers="cross")),
        "height_0.55": (0, replace(CLINIC, height=(0.5, 0.6))),
        "light_warm": (3, replace(CLINIC, light="warm")),
        "markers_tape": (5, replace(CLINIC, markers="tape")),
    }
    drifts = {
        name: Population(SOURCE, clinic, start + 100 * number, drifted) for name, (number, clinic) in set_ups.items()
    }
    steady = Population(_STEADY, CLINIC, 4000, people * 7 // 20, seconds=_STEADY_S)
    return {"clinic": base, **drifts, "steady": steady, "many": Population(_MANY, None, 5000, people * 3 // 10)}


def make(name: str, population: Population, package: Package, work: Path) -> Float[np.ndarray, " P"]:
    """Render, predict and record a population unless that was done; return each person's median error, pixels."""
    stored = work / f"{name}.errors.json"
    if stored.is_file():
        return np.array(json.loads(stored.read_text()), np.float64)
    videos, truths = work / "videos" / name, dict[str, np.ndarray]()
    videos.mkdir(parents=True, exist_ok=True)
    for index in range(population.first, population.first + population.count):
        subject = make_subject(population.source, index, population.seconds, population.clinic)
        path, rng = videos / f"{index:05d}.mp4", np.random.default_rng([9, index])
        truth = []
        with VideoWriter(path, subject.fps, subject.quality, preset="superfast") as writer:
            for frame, points in render(subject):
                writer.add(frame if population.change is None else population.change(frame, rng))
                truth.append(points)
        truths[path.name] = np.array(truth)
    out = work / "results" / name
    model = ModelReference("benchmark")
    predict_path(videos, package, model, out, watch=Watch(work / "records" / name))
    errors = [_error(out / f"{video}.json", truth) for video, truth in truths.items()]
    np.savez_compressed(work / f"{name}.truths.npz", **truths)  # type: ignore[arg-type]
    stored.write_text(json.dumps([round(error, 4) for error in errors]))
    return np.array(errors)


def _answers(result: Path) -> tuple[Float[np.ndarray, "T K 2"], Float[np.ndarray, "T K"], Float[np.ndarray, " T"]]:
    """Return keypoints (NaN if unknown), whether they are present (1 or 0), and time stamps of a result file."""
    read = read_result(result)
    assert isinstance(read, PredictionResult)
    points = [[[np.nan if v is None else v for v in point] for point in frame.keypoints or ()] for frame in read.frames]
    confidence = np.array([frame.confidence for frame in read.frames], np.float64)
    times = np.array([frame.time_s for frame in read.frames], np.float64)
    found = np.array(points, np.float64)
    return found, (confidence >= read.confidence_threshold) * np.isfinite(found).all(axis=2), times


def _error(result: Path, truth: Float[np.ndarray, "T K 2"], sigma: float = 0.0) -> float:
    """Return the median distance of the keypoints that are there and present, pixels; NaN if there is none.

    Args:
        result: The result file.
        truth: The true places.
        sigma: How much the answers are made to tremble, as in `trembled`.
    """
    found, present, _ = _answers(result)
    found = _shaken(found, present, sigma, result.name)
    distances = np.linalg.norm(found - truth, axis=2)[present > 0]
    return float(np.nanmedian(distances)) if np.isfinite(distances).any() else float("nan")


def _shaken(
    points: Float[np.ndarray, "T K 2"], present: Float[np.ndarray, "T K"], sigma: float, name: str
) -> Float[np.ndarray, "T K 2"]:
    span = Arrangement(points, present > 0, (1, 1)).span
    rng = np.random.default_rng([11, *name.encode()])
    return np.asarray(points + sigma * np.nan_to_num(span)[:, None, None] * rng.standard_normal(points.shape))


def trembled(work: Path, name: str, larger: float) -> tuple[list[InputRecord], list[InputRecord], float]:
    """Return the records of a population, those of answers that tremble so that the error is larger, and how much.

    The errors are independent in every coordinate and frame, with a standard deviation that is a share of the span.
    """
    results = {path.name.removesuffix(".json"): path for path in (work / "results" / name).glob("*.mp4.json")}
    with np.load(work / f"{name}.truths.npz") as stored:
        truths = dict(stored)

    def error(sigma: float) -> float:
        return float(np.nanmedian([_error(results[video], truth, sigma) for video, truth in truths.items()]))

    wanted = larger * error(0.0)
    sigma = float(brentq(lambda share: error(share) - wanted, 0, 0.1, xtol=1e-5))
    files = files_by_id(work / "records" / name, (work / "videos" / name).glob("*.mp4"))
    before, after = list[InputRecord](), list[InputRecord]()
    for record in read_records(work / "records" / name).items:
        result = results[files[record.id].name]
        before.append(_with_geometry(record, result, 0.0))
        after.append(_with_geometry(record, result, sigma))
    return before, after, sigma


def _with_geometry(record: InputRecord, result: Path, sigma: float) -> InputRecord:
    """Return the record of the answers in a result file, which are made to tremble."""
    points, present, times = _answers(result)
    shaken, there, trembling = _shaken(points, present, sigma, result.name), present > 0, Trembling()
    for time_s, one, shown in zip(times.tolist(), shaken, there, strict=True):
        trembling.add(time_s, one, shown)
    geometry = geometry_of(Arrangement(shaken, there, (record.width, record.height)), _SKELETON)
    geometry = geometry.model_copy(update={"trembling": round_number(trembling.sigma, 6)})
    return record.model_copy(update={"geometry": geometry})


def calibrate(package: Package, work: Path, drifted: int) -> None:
    """Find what spoils the picture so that the median error of ten people is 25 % larger, and render others with it."""
    first, count = 1000, 10
    base = np.nanmedian(make("calibrate", Population(SOURCE, CLINIC, first, count), package, work))
    for name, levels, change in (
        ("blur", _BLURS, _blurred),
        ("noise", _NOISES, _noisy),
        ("coarse", _COARSE, _coarse),
    ):
        ratios = [1.0]
        for level in levels:
            population = Population(SOURCE, CLINIC, first, count, change(level))
            ratios.append(float(np.nanmedian(make(f"calibrate_{name}_{level}", population, package, work)) / base))
            if ratios[-1] > LARGER:
                break
        chosen = float(np.interp(LARGER, np.maximum.accumulate(ratios), [0.0, *levels][: len(ratios)]))
        print(f"{name}: ratios {[round(ratio, 2) for ratio in ratios]}, chosen {chosen:.2f}", flush=True)
        people = Population(SOURCE, CLINIC, 3000, drifted, change(max(chosen, 0.1)))
        errors, before = (
            make(name, people, package, work),
            make("same_before", replace(people, change=None), package, work),
        )
        (work / f"{name}.ratio.json").write_text(json.dumps(float(np.nanmedian(errors) / np.nanmedian(before))))
