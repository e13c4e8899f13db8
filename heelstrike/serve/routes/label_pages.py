"""The labeller's pages: queue, frame, agreement."""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query, Request, Response

from heelstrike.serve.accounts import User
from heelstrike.serve.dependencies import ServiceOf, UserOf, Visible
from heelstrike.serve.label.access import may_label, require_reader
from heelstrike.serve.label.handover import last_hand_over
from heelstrike.serve.label.records import LabelFile
from heelstrike.serve.label.sheet import label_count
from heelstrike.serve.label.targets import Result, labelled_result, labelled_results
from heelstrike.serve.label.worklist import COUNT, SEED, SHARE, problems_of, queue_of
from heelstrike.serve.records import Evaluation
from heelstrike.serve.routes.labelling import Count, Seed, Share, visible_agreements
from heelstrike.serve.service import Service
from heelstrike.serve.templating import page

router = APIRouter(include_in_schema=False, prefix="/label")


@router.get("")
def queue(
    request: Request,
    service: ServiceOf,
    user: UserOf,
    problem: Annotated[str, Query(max_length=200)] = "",
    count: Count = COUNT,
    share: Share = SHARE,
    seed: Seed = SEED,
) -> Response:
    """Show the frames that most deserve a label, and what is labelled already."""
    require_reader(service, user)
    results = labelled_results(service, user)
    problems = problems_of(results)
    chosen = problem if problem in problems else next(iter(problems), "")
    found = queue_of(service, user, chosen, count, share, seed) if chosen else None
    query = urlencode({"count": count, "share": share, "seed": seed})
    items = found.items if found else ()
    return page(
        request,
        "label_queue.html",
        queue=found,
        problems=problems,
        count=count,
        share=share,
        seed=seed,
        may=may_label(service, user),
        inbox=service.settings.inbox is not None,
        links=[f"{_address(item.evaluation, item.job, item.file)}?frame={item.frame}&{query}" for item in items],
        labelled=_labelled(service, user, results, chosen),
    )


@router.get("/agreement")
def agreement(request: Request, service: ServiceOf, user: UserOf) -> Response:
    """Show how far people agree who labelled the same frames."""
    require_reader(service, user)
    return page(request, "label_agreement.html", agreements=visible_agreements(service, user))


@router.get("/{evaluation}/{job}/{name}")
def frame(
    request: Request,
    record: Visible,
    job: str,
    name: str,
    service: ServiceOf,
    user: UserOf,
    frame: Annotated[int, Query(ge=0)] = 0,
    reading: bool = False,
    count: Count = COUNT,
    share: Share = SHARE,
    seed: Seed = SEED,
) -> Response:
    """Show a frame with its points, to put them right."""
    require_reader(service, user)
    result = labelled_result(service, record, job, name)
    return page(
        request,
        "label_frame.html",
        evaluation=record,
        job=result.job,
        target=result.target,
        base=f"/api/evaluations/{record.id}/jobs/{result.job.id}",
        file=quote(name),
        frame=min(frame, result.frames - 1),
        reading=reading,
        may=may_label(service, user),
        queue=urlencode({"count": count, "share": share, "seed": seed}),
    )


def _labelled(service: Service, user: User, results: list[Result], problem: str) -> list[dict[str, Any]]:
    """Return the evaluations with labels of a problem, and what was handed over of them."""
    rows = []
    for record in [record for record in service.evaluations.all() if user.may_see(record)]:
        files = [one for one in service.labels.of(record) if one.target.problem == problem and label_count([one])]
        if not files:
            continue
        last = last_hand_over(service.evaluations.folder(record.id), problem)
        rows.append(
            {
                "evaluation": record,
                "count": label_count(files),
                "files": [_file(record, one, results) for one in files],
                "last": last,
                "newer": last is not None and _last_save(files) > last.when,
            }
        )
    return rows


def _file(record: Evaluation, labels: LabelFile, results: list[Result]) -> dict[str, str]:
    name, problem = labels.target.file, labels.target.problem
    jobs = [one.job.id for one in results if _is_of(one, record, name, problem)]
    return {"name": name, "address": _address(record.id, jobs[-1], name) if jobs else f"/evaluations/{record.id}"}


def _is_of(result: Result, record: Evaluation, name: str, problem: str) -> bool:
    return (result.evaluation.id, result.target.file, result.target.problem) == (record.id, name, problem)


def _last_save(files: list[LabelFile]) -> str:
    return max(said.label.when for one in files for said in one.frames.values() if said.label is not None)


def _address(evaluation: str, job: str, name: str) -> str:
    return f"/label/{evaluation}/{job}/{quote(name)}"
