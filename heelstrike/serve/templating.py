"""The templates of the pages, and what all of them know."""

from pathlib import Path
from typing import Any

from fastapi.templating import Jinja2Templates
from starlette.requests import Request
from starlette.responses import Response

import heelstrike
from heelstrike.numbers import fixed
from heelstrike.serve.dependencies import service_of
from heelstrike.serve.label.access import may_read
from heelstrike.serve.static_files import FOLDER, digest_of

STATIC = f"/static/{digest_of(FOLDER)}"
"""Path of the static files' root."""

_templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
_templates.env.filters["signed"] = lambda value: fixed(value, 2, signed=True).replace("-", "−")
_templates.env.filters["fixed"] = lambda value: fixed(value, 2)
_templates.env.filters["first_up"] = lambda text: text[:1].upper() + text[1:]
_templates.env.globals |= {"static": lambda path: f"{STATIC}/{path}", "version": heelstrike.__version__}


def page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """Return a page made of a template.

    Every template knows `static(PATH)`, `version`, `request`, and of the service: `registry` (its state), `accounts`
    (True if users log in), `labels` (True if the user may see labels), `user` (who is logged in; `None` if nobody) and
    `csrf` (the token that a script sends as `X-CSRF-Token` with every write).
    """
    service = service_of(request)
    user = getattr(request.state, "user", None)
    common = {
        "registry": service.models.state,
        "accounts": service.accounts is not None,
        "user": user,
        "labels": user is not None and may_read(service, user),
        "csrf": getattr(request.state, "csrf", ""),
    }
    return _templates.TemplateResponse(request, template, common | context, status_code=status)
