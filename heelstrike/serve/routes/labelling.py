"""The queue of frames to label, and the agreement of labellers."""

from typing import Annotated

from fastapi import APIRouter, Query

from heelstrike.serve.accounts import User
from heelstrike.serve.dependencies import ServiceOf, UserOf
from heelstrike.serve.label.access import require_reader
from heelstrike.serve.label.agreement import Agreement, agreements
from heelstrike.serve.label.worklist import COUNT, SEED, SHARE, Queue, queue_of
from heelstrike.serve.service import Service

router = APIRouter(prefix="/api/labels", tags=["labels"])

Problem = Annotated[str, Query(max_length=200, description="name of the problem")]
Count = Annotated[int, Query(ge=1, le=500, description="frames in the queue")]
Share = Annotated[float, Query(ge=0, le=1, description="share of them that is drawn at random")]
Seed = Annotated[int, Query(ge=0, le=2**31, description="seed of the draw")]


@router.get("/queue")
def queue(
    problem: Problem, service: ServiceOf, user: UserOf, count: Count = COUNT, share: Share = SHARE, seed: Seed = SEED
) -> Queue:
    """Return the frames that most deserve a label, each with the reasons."""
    require_reader(service, user)
    return queue_of(service, user, problem, count, share, seed)


@router.get("/agreement")
def agreement(service: ServiceOf, user: UserOf) -> list[Agreement]:
    """Return how far people agree who labelled the same frames, of the evaluations that the user may see."""
    require_reader(service, user)
    return visible_agreements(service, user)


def visible_agreements(service: Service, user: User) -> list[Agreement]:
    """Return the agreements on the evaluations that a user may see."""
    visible = [record for record in service.evaluations.all() if user.may_see(record)]
    return agreements(labels for record in visible for labels in service.labels.of(record))
