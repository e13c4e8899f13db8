"""One image in, its result out."""

import time
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from heelstrike.predict.describe import slices_of
from heelstrike.predict.measurer import About
from heelstrike.results import PredictionResult
from heelstrike.serve.bodies import read_body
from heelstrike.serve.dependencies import ServiceOf, UserOf

router = APIRouter(tags=["predict"])

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/api/predict", response_model=PredictionResult, openapi_extra=_BODY)
async def predict(
    request: Request,
    service: ServiceOf,
    user: UserOf,
    model: Annotated[str | None, Query(max_length=200, description="NAME@champion, NAME or NAME/VERSION")] = None,
    mm_per_px: Annotated[float | None, Query(gt=0, le=1000, description="side of a pixel in millimetres")] = None,
    about: Annotated[list[str] | None, Query(description="what the image shows: NAME=VALUE, e.g. foot=left")] = None,
) -> Response:
    """Measure one image, which is the body, and return its result without storing anything."""
    start = time.perf_counter()
    version = service.models.find(model)
    known = About(mm_per_px, slices_of(about or []))
    data = await read_body(request, service.settings.limits.picture_bytes)
    measured = await service.pictures.measure(version, data, known)
    total = time.perf_counter() - start
    timing = f"network;dur={1000 * measured.network_s:.1f}, total;dur={1000 * total:.1f}"
    return Response(measured.json, media_type="application/json", headers={"Server-Timing": timing})
