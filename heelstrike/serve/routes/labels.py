"""Labels of frames, and handing them over."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from starlette.responses import JSONResponse, Response

from heelstrike.serve.bodies import JsonRoute
from heelstrike.serve.dependencies import ServiceOf, UserOf, Visible
from heelstrike.serve.label.access import author, require_labeller, require_reader
from heelstrike.serve.label.handover import HandedOver, hand_over
from heelstrike.serve.label.records import ABSENT, FrameLabels, LabelFile, Point, Revision, Target
from heelstrike.serve.label.sheet import NAME, sheet_of
from heelstrike.serve.label.store import StaleError
from heelstrike.serve.label.targets import Result, labelled_result
from heelstrike.serve.problems import RequestError
from heelstrike.serve.records import Evaluation, Record
from heelstrike.serve.service import Service
from heelstrike.text import printable

router = APIRouter(prefix="/api/evaluations/{evaluation}", tags=["labels"], route_class=JsonRoute)

_MOST_POINTS = 1000
Who = Annotated[
    str | None,
    Field(min_length=1, max_length=64, description="who labels; only of a service without accounts"),
    AfterValidator(lambda name: None if name is None else printable(name.strip())),
]
Person = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(printable),
    Field(description="code of the person who is shown"),
]
Problem = Annotated[str, Field(min_length=1, max_length=200)]
Frame = Annotated[int, Path(ge=0)]


class NewLabel(BaseModel):
    """What a person says about a frame."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    points: Annotated[tuple[Point, ...], Field(max_length=_MOST_POINTS)]
    based_on: Annotated[int, Field(ge=0, description="number of the revision that the person saw; 0: none")] = 0
    reading: Annotated[bool, Field(description="true for a second reading, made without seeing the label")] = False
    who: Who = None


class Stale(Record):
    """A save that was refused, since somebody else has saved the frame meanwhile."""

    error: str
    current: Revision


class FrameState(Record):
    """A frame that somebody has labelled. In second readings others' labels are not shown."""

    label: Annotated[Revision | None, Field(description="what counts; null if it is not shown")] = None
    reading: Annotated[Revision | None, Field(description="one's own second reading; null if there is none")] = None


class Labels(Record):
    """The labels of a file."""

    target: Target
    frames: dict[int, FrameState]


class NewHandOver(BaseModel):
    """What to hand over."""

    model_config = ConfigDict(extra="forbid")

    problem: Problem
    subject: Person
    who: Who = None


@router.get("/jobs/{job}/labels/{name}")
def labels(
    job: str,
    name: str,
    record: Visible,
    service: ServiceOf,
    user: UserOf,
    reading: Annotated[bool, Query(description="true to see no label, for a second reading")] = False,
    who: Annotated[str, Query(max_length=64, description="whose second readings; without accounts")] = "",
) -> Labels:
    """Return the labels of a file."""
    require_reader(service, user)
    target = labelled_result(service, record, job, name).target
    known = service.labels.get(record.id, target)
    me = user.id or who
    return Labels(target=target, frames={n: _state(said, reading, me) for n, said in known.frames.items()})


@router.put("/jobs/{job}/labels/{name}/{frame}", response_model=Revision, responses={409: {"model": Stale}})
def save(
    job: str, name: str, frame: Frame, new: NewLabel, record: Visible, service: ServiceOf, user: UserOf
) -> Response:
    """Save the label of a frame. If it is not based on the last revision, it is refused with that (409)."""
    require_labeller(service, user)
    result, who = labelled_result(service, record, job, name), author(user, new.who)
    _check(result, frame, new.points)
    if new.reading:
        return _answer(service.labels.save_reading(record.id, result.target, frame, new.points, who))
    try:
        return _answer(service.labels.save(record.id, result.target, frame, new.points, who, new.based_on))
    except StaleError as error:
        stale = Stale(error=str(error), current=error.current)
        return JSONResponse(stale.model_dump(mode="json"), HTTPStatus.CONFLICT)


@router.get("/labels/sheet", response_class=Response)
def sheet(
    record: Visible,
    service: ServiceOf,
    user: UserOf,
    problem: Annotated[str, Query(max_length=200)],
    subject: Annotated[Person, Query()],
) -> Response:
    """Return the label file (CSV) of the evaluation's labels. It belongs beside the evaluation's files."""
    require_reader(service, user)
    text = sheet_of(_of_problem(service, record, problem), subject, record.about, record.mm_per_px)
    headers = {"Content-Disposition": f'attachment; filename="{NAME}"', "Cache-Control": "private, no-cache"}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/labels/hand-over")
def hand_over_labels(new: NewHandOver, record: Visible, service: ServiceOf, user: UserOf) -> HandedOver:
    """Put the labels with their files where `heelstrike ingest` finds them."""
    require_labeller(service, user)
    inbox = service.settings.inbox
    if inbox is None:
        raise RequestError(
            HTTPStatus.CONFLICT,
            "this service does not know where to hand labels over to; start it with --inbox FOLDER, or download the "
            "label file",
        )
    files, who = _of_problem(service, record, new.problem), author(user, new.who)
    with service.evaluations.held(record.id) as folder:
        return hand_over(folder, record, files, inbox, new.subject, who.name)


def _of_problem(service: Service, record: Evaluation, problem: str) -> list[LabelFile]:
    return [labels for labels in service.labels.of(record) if labels.target.problem == problem]


def _state(said: FrameLabels, reading: bool, me: str) -> FrameState:
    if reading:
        return FrameState(reading=said.readings.get(me))
    return FrameState(label=said.label)


def _check(result: Result, frame: int, points: tuple[Point, ...]) -> None:
    """Refuse a frame that is not there, another number of points, and points outside of the picture."""
    target = result.target
    problem = None
    if frame >= result.frames:
        problem = f"frame: {target.file} has the frames 0 to {result.frames - 1}, found {frame}"
    elif len(points) != len(target.keypoints):
        problem = f"points: found {len(points)}, expected {len(target.keypoints)}"
    else:
        outside = [name for name, point in zip(target.keypoints, points, strict=True) if not _inside(point, target)]
        if outside:
            problem = f"points: {outside[0]} lies outside of the picture; mark it as absent"
    if problem:
        raise RequestError(HTTPStatus.UNPROCESSABLE_ENTITY, problem)


def _inside(point: Point, target: Target) -> bool:
    if point.v == ABSENT:
        return True
    x, y = point.xy
    return -0.5 <= x <= target.width - 0.5 and -0.5 <= y <= target.height - 0.5


def _answer(made: Revision) -> Response:
    content: dict[str, Any] = made.model_dump(mode="json")
    return JSONResponse(content)
