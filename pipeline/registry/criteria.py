"""The gates: each looks at one thing and says pass or fail with numbers. What cannot be computed fails."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from heelstrike.measure.build import unit_of
from heelstrike.package.manifest import MODEL, Manifest
from pipeline.heads.error import TestSet
from pipeline.params import ProblemParams
from pipeline.registry.decision import GATES, Gate
from pipeline.registry.examine import Examination
from pipeline.scoring.bootstrap import paired_bootstrap

Verdict = tuple[bool, str, dict[str, float]]


@dataclass(frozen=True)
class Side:
    """One of the two packages: its folder, its manifest, and what it did."""

    folder: Path
    manifest: Manifest
    examined: Examination


@dataclass(frozen=True)
class Case:
    """Everything a gate may look at.

    Attributes:
        params: The problem's params.
        tests: The test set.
        challenger: The candidate.
        champion: The present champion; none where there is none.
        validation: The validate stage's result file.
        rolled_back: When the challenger was taken back by a rollback; none where it was not.
    """

    params: ProblemParams
    tests: TestSet
    challenger: Side
    champion: Side | None
    validation: Path
    rolled_back: str | None = None


def validation(case: Case) -> Verdict:
    """The labels had no errors."""
    result = json.loads(case.validation.read_text())
    errors, warnings = int(result["errors"]), int(result["warnings"])
    return errors == 0, f"{errors} errors, {warnings} warnings in the labels", {"errors": errors, "warnings": warnings}


def finite(case: Case) -> Verdict:
    """The package answers every image with numbers."""
    broken = int(np.isinf(case.challenger.examined.error).sum())
    return (
        broken == 0,
        f"{broken} of {len(case.tests.images)} test images gave no usable numbers",
        {"images": broken},
    )


def error(case: Case) -> Verdict:
    """The error is below the limit."""
    examined = case.challenger.examined
    metric, found = examined.metric, examined.overall()
    limit: float | None = getattr(case.params.gates, examined.head.limit)
    text = f"{metric.title} {found:.3f} {metric.unit}"
    if limit is None:
        return bool(np.isfinite(found)), f"{text}; no limit in params", {metric.key: found}
    return found <= limit, f"{text}, at most {limit:g}", {metric.key: found, "limit": limit}


def measurement(case: Case) -> Verdict:
    """The median error of the measurement is below the floor."""
    floor, errors = case.params.gates.max_angle_deg, case.challenger.examined.angle
    if errors is None:
        return (
            floor is None,
            "the problem has no `measure`" + ("" if floor is None else ", but gates.max_angle_deg"),
            {},
        )
    if floor is None:
        found = float(np.nanmedian(errors))
        return True, f"median {found:.2f}; no floor in params", {"median": found}
    known = errors[~np.isnan(errors)]
    if not len(known):
        return False, "no test image has a measurement to compare with", {}
    assert case.params.measure is not None  # there are errors
    unit, found = unit_of(case.params.measure, case.params.problem.keypoints), float(np.median(known))
    return found <= floor, f"median {found:.2f} {unit}, at most {floor:g}", {"median": found, "limit": floor}


def comparison(case: Case) -> Verdict:
    """It is better than the champion on the same images, by a paired bootstrap over subjects."""
    if case.champion is None:
        return True, "the first champion: there is none to compare with", {}
    what, other = case.challenger.examined.metric, case.champion.examined.metric
    if what != other:
        return False, f"cannot be compared: {other.title} of the champion, {what.title} of the challenger", {}
    ours, theirs = case.challenger.examined.error, case.champion.examined.error
    # a champion that fails on an image counts as bad there, not as absent; both failing is a tie
    worst = 2 * float(np.max(np.concatenate([ours, theirs])[np.isfinite(np.concatenate([ours, theirs]))]))
    ours, theirs = np.where(np.isinf(ours), worst, ours), np.where(np.isinf(theirs), worst, theirs)
    settings = case.params.evaluate
    result = paired_bootstrap(ours, theirs, np.array(case.tests.subjects), settings.bootstrap, settings.seed)
    demanded = case.params.gates.confidence
    reason = (
        f"mean error per image {result.difference:+.3f} {what.unit} (95 % interval {result.interval.low:+.3f} to "
        f"{result.interval.high:+.3f}), better with confidence {result.better:.3f}, at least {demanded:g}"
    )
    numbers = {
        "difference": result.difference,
        "low": result.interval.low,
        "high": result.interval.high,
        "better": result.better,
        f"champion_{what.key}": case.champion.examined.overall(),
    }
    return result.better >= demanded, reason, numbers


def slices(case: Case) -> Verdict:
    """No slice became worse than allowed."""
    gates, numbers, worse, small = case.params.gates, {}, [], 0
    if case.champion is None:
        return True, "the first champion: there is none to compare with", {}
    what = case.challenger.examined.metric
    if what != case.champion.examined.metric:
        return False, f"cannot be compared: the challenger's error is its {what.title}, the champion's is not", {}
    for name, values in case.tests.slices.items():
        for value in sorted(set(values)):
            which = np.array(values) == value
            if int(which.sum()) < gates.min_slice_images:
                small += 1
                continue
            ours, theirs = (side.examined.overall(which) for side in (case.challenger, case.champion))
            ratio = 1.0 if ours == theirs else float(np.divide(ours, theirs)) if theirs > 0 else float("inf")
            numbers[f"{name}={value}"] = ratio
            if not ratio <= gates.max_slice_ratio:
                worse.append(f"{name}={value} {theirs:.3f} -> {ours:.3f} {what.unit}")
    few = f"; {small} with fewer than {gates.min_slice_images} images not gated" if small else ""
    if worse:
        return False, f"worse by more than {gates.max_slice_ratio:g} times: {', '.join(worse)}{few}", numbers
    top = max(numbers, key=numbers.__getitem__) if numbers else None
    found = (
        f"worst of {len(numbers)} slices: {top}, {numbers[top]:.2f} times the champion's" if top else "no slice to gate"
    )
    return True, f"{found}, at most {gates.max_slice_ratio:g}{few}", numbers


def latency(case: Case) -> Verdict:
    """One image takes no longer than the budget."""
    budget, found = case.params.gates.max_latency_ms, case.challenger.examined.latency_ms
    if budget is None:
        return True, f"{found:.3g} ms an image; no budget in params", {"ms": found}
    return found <= budget, f"{found:.3g} ms an image, at most {budget:g}", {"ms": found, "limit": budget}


def parity(case: Case) -> Verdict:
    """The graph gives what the trained network gives; shown at packaging, signed by the manifest."""
    shown, limit = case.challenger.manifest.parity_px, case.params.package.parity_px
    if shown is None:
        return False, "packaging has not shown that ONNX and torch agree; package the model again", {}
    return shown <= limit, f"ONNX and torch agree within {shown:g} px, at most {limit:g}", {"px": shown, "limit": limit}


def signature(case: Case) -> Verdict:
    """A consumer of the champion can use the challenger: same inputs, outputs, keypoints and measurement."""
    ours = _interface(case.challenger)
    if ours["classes"] != case.params.problem.classes:
        return False, f"tells {list(ours['classes'])} apart, the problem has {list(case.params.problem.classes)}", {}
    if tuple(ours["keypoints"]) != case.params.problem.keypoints:
        return False, f"finds {list(ours['keypoints'])}, the problem has {list(case.params.problem.keypoints)}", {}
    if case.champion is None:
        return True, "the first champion: finds what the problem names", {}
    theirs = _interface(case.champion)
    differing = [f"{key}: {theirs[key]} -> {ours[key]}" for key in ours if ours[key] != theirs[key]]
    return not differing, "; ".join(differing) or "same as the champion's", {}


def not_rolled_back(case: Case) -> Verdict:
    """Nobody took this very version back."""
    if case.rolled_back is None:
        return True, "was never rolled back", {}
    return False, f"was rolled back {case.rolled_back[:19]}Z; train another candidate", {}


_GATES: dict[str, Callable[[Case], Verdict]] = {
    "validation": validation,
    "finite": finite,
    "error": error,
    "measurement": measurement,
    "comparison": comparison,
    "slices": slices,
    "latency": latency,
    "parity": parity,
    "signature": signature,
    "not_rolled_back": not_rolled_back,
}


def run_gates(case: Case) -> tuple[Gate, ...]:
    """Every gate's verdict; one that raises has failed with that as its reason."""
    verdicts = []
    for name in GATES:
        try:
            passed, reason, numbers = _GATES[name](case)
        except (OSError, ValueError, KeyError, ArithmeticError, IndexError) as problem:
            passed, numbers = False, {}
            reason = f"could not be computed ({type(problem).__name__}: {problem})"
        kept = {key: float(value) for key, value in numbers.items() if np.isfinite(value)}
        verdicts.append(Gate(name=name, passed=bool(passed), reason=reason, numbers=kept))
    return tuple(verdicts)


def _interface(side: Side) -> dict[str, Any]:
    """What a consumer relies on."""
    import onnx

    graph = onnx.load(side.folder / MODEL, load_external_data=False).graph

    def tensors(values: Any) -> list[tuple[str, str, int]]:
        types = onnx.TensorProto.DataType
        return sorted(
            (v.name, types.Name(v.type.tensor_type.elem_type), len(v.type.tensor_type.shape.dim)) for v in values
        )

    manifest = side.manifest
    return {
        "inputs": tensors(graph.input),
        "outputs": tensors(graph.output),
        "keypoints": manifest.category.keypoints,
        "classes": manifest.category.classes,
        "skeleton": manifest.category.skeleton,
        "measure": manifest.measure.name if manifest.measure else None,
    }
