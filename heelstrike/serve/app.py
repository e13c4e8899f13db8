"""The application: the parts of the service, its routes, and what stands before them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

import heelstrike
from heelstrike.serve.answers import add_error_answers
from heelstrike.serve.approvals import Approvals
from heelstrike.serve.guard import Guard
from heelstrike.serve.metrics import Counting
from heelstrike.serve.routes import (
    accounts,
    clinic,
    evaluations,
    jobs,
    label_pages,
    labelling,
    labels,
    models,
    pages,
    predict,
    review_pages,
    reviews,
    state,
    uploads,
    views,
)
from heelstrike.serve.service import Service
from heelstrike.serve.settings import ServeSettings
from heelstrike.serve.static_files import FOLDER, ImmutableFiles
from heelstrike.serve.templating import STATIC

_DESCRIPTION = "Measures images and videos with models from a registry. docs/serve.md has examples."


def create_app(settings: ServeSettings, approvals: Approvals | None = None) -> FastAPI:
    """Return the application.

    Args:
        settings: Settings of the service.
        approvals: Decides on candidates; `None` without a checkout.

    Raises:
        UserError: The data folder cannot be used, or the package is damaged.
    """
    service = Service(settings, approvals)

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        service.stop()

    # FastAPI's own pages of the API load scripts from another site
    app = FastAPI(
        title="Heelstrike",
        description=_DESCRIPTION,
        version=heelstrike.__version__,
        docs_url=None,
        redoc_url=None,
        lifespan=running,
    )
    app.state.service = service
    add_error_answers(app)
    api = (state, models, evaluations, uploads, jobs, labels, labelling, predict, accounts, views, reviews)
    for routes in (*api, clinic, label_pages, review_pages, pages):
        app.include_router(routes.router)
    app.mount(STATIC, ImmutableFiles(directory=FOLDER), name="static")
    app.add_middleware(Guard, hosts=settings.hosts)
    app.add_middleware(Counting, metrics=service.metrics)
    return app
