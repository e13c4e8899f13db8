"""The gates: each checks one property and passes or fails with numbers. A gate that cannot be computed fails."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from heelstrike.package.manifest import MODEL, Manifest
from pipeline.params import ProblemParams
from pipeline.registry.decision import GATES, Gate
from pipeline.registry.examine import Examination
from pipeline.scoring.bootstrap import paired_bootstrap
from pipeline.scoring.format import number
from pipeline.scoring.measurement import measurement_error

Verdict = tuple[bool, str, dict[str, float]]


@dataclass(frozen=True)
class Contestant:
    """One of the two compared packages: its folder, manifest and examination."""

    folder: Path
    manifest: Manifest
    examined: Examination


@dataclass(frozen=True)
class Contest:
    """Everything that gates may use.

    Attributes:
        params: The problem's params.
        challenger: The candidate.
        champion: The current champion; `None` if there is none.
        validation: The validate stage's result file.
        rolled_back: Time at which a rollback removed the challenger as champion; `None` if it never did.
    """

    params: ProblemParams
    challenger: Contestant
    champion: Contestant | None
    validation: Path
    rolled_back: str | None = None


def validation(contest: Contest) -> Verdict:
    """Passes if the labels have no errors and no more warnings than allowed."""
    result, limit = json.loads(contest.validation.read_text()), contest.params.gates.max_warnings
    errors, warnings = int(result["errors"]), int(result["warnings"])
    numbers: dict[str, float] = {"errors": errors, "warnings": warnings}
    if limit is not None:
        numbers["limit"] = limit
    allowed = "" if limit is None else f", at most {limit}"
    passed = errors == 0 and (limit is None or warnings <= limit)
    return passed, f"{errors} errors, {warnings} warnings in the labels{allowed}", numbers


def finite(contest: Contest) -> Verdict:
    """Passes if the package's prediction is finite for every image: each number of each head."""
    run = contest.challenger.examined.run
    parts = [np.isfinite(values).reshape(len(run), -1).all(axis=1) for values in run.answers.values()]
    broken = int((~np.all(parts, axis=0)).sum())
    return broken == 0, f"{broken} of {len(run)} test images gave no finite prediction", {"images": broken}


def error(contest: Contest) -> Verdict:
    """Passes if the error is within the limit."""
    score, limit = contest.challenger.examined.score, contest.params.gates.max_error
    numbers = {contest.challenger.examined.metric.name: score.value}
    if limit is None:
        return bool(np.isfinite(score.value)), f"{score}, {score.pooling}; no limit in params", numbers
    return score.value <= limit, f"{score}, at most {limit:g}; {score.pooling}", numbers | {"limit": limit}


def measurement(contest: Contest) -> Verdict:
    """Passes if the median error of the measurement is within the limit."""
    settings, limit = contest.params.measure, contest.params.gates.max_measure_error
    if settings is None:
        return True, "the problem has no `measure`", {}
    measured = measurement_error(contest.challenger.examined.cases, settings, contest.params.problem.keypoints)
    score, numbers = measured.score, {"median": measured.score.value}
    if limit is None:
        return True, f"{score}, {score.pooling}; no limit in params", numbers
    if not measured.labelled:
        return False, "no test image has a measurement to compare with", {}
    undefined = f"; {measured.undefined} of {measured.labelled} could not be measured" if measured.undefined else ""
    reason = f"{score}, at most {limit:g}; {score.pooling}{undefined}"
    return score.value <= limit, reason, numbers | {"limit": limit}


def comparison(contest: Contest) -> Verdict:
    """Passes if the challenger is better than the champion on the same images, by a paired bootstrap over subjects."""
    if contest.champion is None:
        return True, "the first champion: there is none to compare with", {}
    challenger, champion = contest.challenger.examined, contest.champion.examined
    if challenger.metric != champion.metric:
        return False, _incomparable(challenger, champion), {}
    new, old = challenger.errors.error, champion.errors.error
    # an infinite error becomes twice the largest finite one, so that it counts; if both are infinite it is a tie
    worst = 2 * float(np.max(np.concatenate([new, old])[np.isfinite(np.concatenate([new, old]))]))
    new, old = np.where(np.isinf(new), worst, new), np.where(np.isinf(old), worst, old)
    settings = contest.params.evaluate
    result = paired_bootstrap(new, old, challenger.cases.subjects, settings.bootstrap, settings.seed)
    demanded = contest.params.gates.confidence
    reason = (
        f"mean error per image {result.difference:+.3f}{challenger.metric.unit} (95 % interval "
        f"{result.interval.low:+.3f} to {result.interval.high:+.3f}), better with confidence {result.better:.3f}, at "
        f"least {demanded:g}"
    )
    numbers = {
        "difference": result.difference,
        "low": result.interval.low,
        "high": result.interval.high,
        "better": result.better,
        f"champion_{champion.metric.name}": champion.score.value,
    }
    return result.better >= demanded, reason, numbers


def slices(contest: Contest) -> Verdict:
    """Passes if no slice became worse than allowed; slices that cannot be compared are reported.

    Images without a value of a slice, for instance those that are older than its column, are no group of it.
    """
    if contest.champion is None:
        return True, "the first champion: there is none to compare with", {}
    challenger, champion = contest.challenger.examined, contest.champion.examined
    if challenger.metric != champion.metric:
        return False, _incomparable(challenger, champion), {}
    gates, unit = contest.params.gates, challenger.metric.unit
    ratios, worse, small, unlabelled = dict[str, float](), list[str](), 0, list[str]()
    for name, values in challenger.cases.slices.items():
        for value in sorted(set(values) - {""}):
            mask, title = values == value, f"{name}={value}"
            if int(mask.sum()) < gates.min_slice_images:
                small += 1
                continue
            new, old = (side.metric.score_of(side.errors, mask).value for side in (challenger, champion))
            if np.isnan(new):
                unlabelled.append(title)
                continue
            ratios[title] = 1.0 if new == old else float(np.divide(new, old)) if old > 0 else float("inf")
            if not ratios[title] <= gates.max_slice_ratio:
                worse.append(f"{title} {old:.3f} -> {new:.3f}{unit}")
    remarks = f"; {small} with fewer than {gates.min_slice_images} images not gated" if small else ""
    remarks += f"; nothing is labelled in {', '.join(unlabelled)}" if unlabelled else ""
    if worse:
        return False, f"worse by more than {gates.max_slice_ratio:g} times: {', '.join(worse)}{remarks}", ratios
    if not ratios:
        return True, f"no slice to gate{remarks}", ratios
    top = max(ratios, key=ratios.__getitem__)
    summary = f"worst of {len(ratios)} slices: {top}, {ratios[top]:.2f} times the champion's"
    return True, f"{summary}, at most {gates.max_slice_ratio:g}{remarks}", ratios


def _incomparable(challenger: Examination, champion: Examination) -> str:
    return f"cannot be compared: {champion.metric.title} of the champion, {challenger.metric.title} of the challenger"


def latency(contest: Contest) -> Verdict:
    """Passes if the median time of one image is within the budget."""
    budget, ms = contest.params.gates.max_latency_ms, contest.challenger.examined.latency_ms
    if budget is None:
        return True, f"{ms:.3g} ms an image; no budget in params", {"ms": ms}
    return ms <= budget, f"{ms:.3g} ms an image, at most {budget:g}", {"ms": ms, "limit": budget}


def parity(contest: Contest) -> Verdict:
    """Passes if graph and network differ by no more than allowed, as packaging measured, and their scores agree."""
    measured, limit = contest.challenger.manifest.parity_px, contest.params.package.parity_px
    if measured is None:
        return False, "packaging has not shown that ONNX and torch agree; package the model again", {}
    examined = contest.challenger.examined
    difference, tolerance = examined.difference, examined.metric.tolerance(len(examined.run), limit)
    reason = (
        f"ONNX and torch differ by {number(measured, ' px')}, at most {limit:g}; the package's {examined.metric.title} "
        f"is {number(difference, examined.metric.unit)} from evaluate's, at most {tolerance:g}"
    )
    numbers = {"px": measured, "limit": limit, "score_difference": difference}
    return measured <= limit and difference <= tolerance, reason, numbers


def signature(contest: Contest) -> Verdict:
    """Passes if a consumer of the champion can use the challenger: same inputs, outputs, keypoints and measurement."""
    new = _interface(contest.challenger)
    if new["classes"] != contest.params.problem.classes:
        return False, f"has the classes {list(new['classes'])}, the problem {list(contest.params.problem.classes)}", {}
    if tuple(new["keypoints"]) != contest.params.problem.keypoints:
        return (
            False,
            f"has the keypoints {list(new['keypoints'])}, the problem {list(contest.params.problem.keypoints)}",
            {},
        )
    if contest.champion is None:
        return True, "the first champion: has the keypoints and classes of the problem", {}
    old = _interface(contest.champion)
    differing = [f"{key}: {old[key]} -> {new[key]}" for key in new if new[key] != old[key]]
    return not differing, "; ".join(differing) or "same as the champion's", {}


def not_rolled_back(contest: Contest) -> Verdict:
    """Passes if this version was never rolled back."""
    if contest.rolled_back is None:
        return True, "was never rolled back", {}
    return False, f"was rolled back {contest.rolled_back[:19]}Z; train another candidate", {}


_GATES: dict[str, Callable[[Contest], Verdict]] = {
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


def run_gates(contest: Contest) -> tuple[Gate, ...]:
    """The verdict of every gate; a gate that raises fails, and the exception is its reason."""
    verdicts = []
    for name in GATES:
        try:
            passed, reason, numbers = _GATES[name](contest)
        except (OSError, ValueError, KeyError, ArithmeticError, IndexError) as exception:
            passed, numbers = False, {}
            reason = f"could not be computed ({type(exception).__name__}: {exception})"
        finite_numbers = {key: float(value) for key, value in numbers.items() if np.isfinite(value)}
        verdicts.append(Gate(name=name, passed=bool(passed), reason=reason, numbers=finite_numbers))
    return tuple(verdicts)


def _interface(contestant: Contestant) -> dict[str, Any]:
    """The parts of a package that a consumer relies on."""
    import onnx

    graph = onnx.load(contestant.folder / MODEL, load_external_data=False).graph

    def tensors(values: Any) -> list[tuple[str, str, int]]:
        types = onnx.TensorProto.DataType
        return sorted(
            (v.name, types.Name(v.type.tensor_type.elem_type), len(v.type.tensor_type.shape.dim)) for v in values
        )

    manifest = contestant.manifest
    return {
        "inputs": tensors(graph.input),
        "outputs": tensors(graph.output),
        "keypoints": manifest.category.keypoints,
        "classes": manifest.category.classes,
        "skeleton": manifest.category.skeleton,
        "measure": manifest.measure.name if manifest.measure else None,
    }
