"""What can be labelled: the results of a service that have keypoints."""

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from heelstrike.package.manifest import Manifest
from heelstrike.registry.versions import is_model_name
from heelstrike.serve.accounts import User
from heelstrike.serve.columns import header_of
from heelstrike.serve.label.records import Target
from heelstrike.serve.problems import RequestError
from heelstrike.serve.records import Evaluation, Job
from heelstrike.serve.results import result_of
from heelstrike.serve.service import Service

_SIDES = ("left", "right")


@dataclass(frozen=True)
class Result:
    """A result with keypoints.

    Attributes:
        evaluation: The evaluation.
        job: The job that measured.
        path: The JSON of the result.
        target: What is labelled.
        frames: Number of frames.
        about: The result without its frames.
    """

    evaluation: Evaluation
    job: Job
    path: Path
    target: Target
    frames: int
    about: dict[str, Any]


def labelled_result(service: Service, evaluation: Evaluation, job: str, name: str) -> Result:
    """Return the result of a file as something to label.

    Raises:
        RequestError: There is no such result, or it has no keypoints.
    """
    path = result_of(service, evaluation, job, name)
    header = header_of(path)
    about, stored, state = header["result"], evaluation.files[name], service.jobs.get(evaluation.id, job)
    problem = about["model"]["problem"]
    if not about["keypoints"]:
        raise RequestError(HTTPStatus.CONFLICT, f"{problem} has no points that could be labelled")
    if not is_model_name(problem):  # it becomes the name of a folder
        raise RequestError(HTTPStatus.CONFLICT, f"{problem}: is no name of a problem; ask whoever made the package")
    manifest = _manifest(service, state)
    keypoints = tuple(about["keypoints"])
    target = Target(
        problem=problem,
        file=name,
        kind=stored.kind,
        sha256=stored.sha256,
        width=about["source"]["width"],
        height=about["source"]["height"],
        keypoints=keypoints,
        flip_pairs=manifest.flip_pairs if manifest else _pairs_by_name(keypoints),
        measure=manifest.measure.model_dump(mode="json") if manifest and manifest.measure else None,
    )
    return Result(evaluation, state, path, target, header["frames"], about)


def labelled_results(service: Service, user: User) -> list[Result]:
    """Return every result with keypoints that a user may see, evaluation by evaluation, the latest job last."""
    found = []
    for evaluation in service.evaluations.all():
        if not user.may_see(evaluation):
            continue
        for job in service.jobs.of(evaluation.id):
            found += [result for name in evaluation.files if (result := _if_any(service, evaluation, job, name))]
    return found


def _if_any(service: Service, evaluation: Evaluation, job: Job, name: str) -> Result | None:
    try:
        return labelled_result(service, evaluation, job.id, name)
    except RequestError:
        return None


def _manifest(service: Service, job: Job) -> Manifest | None:
    """Return the manifest of the package that measured; `None` if it is not on this machine any more."""
    versions = [version for version in service.models.versions if version.package == job.package]
    return service.models.manifest(versions[0]) if versions else None


def _pairs_by_name(keypoints: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    left, right = _SIDES
    pairs = [(name, name.replace(left, right, 1)) for name in keypoints if left in name]
    return tuple(pair for pair in pairs if pair[1] in keypoints)
