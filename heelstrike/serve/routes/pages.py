"""The pages."""

from fastapi import APIRouter, Request, Response

from heelstrike.serve.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/login")
def login(request: Request) -> Response:
    """Show the form to log in."""
    return page(request, "login.html")


@router.get("/api")
def api(request: Request) -> Response:
    """Show what the API can do."""
    return page(request, "api.html", openapi=request.app.openapi())
