"""The reviewer's pages: the list of comparisons, and one of them."""

from fastapi import APIRouter, Request, Response

from heelstrike.serve.dependencies import ServiceOf
from heelstrike.serve.routes.reviews import Found, Reviewer
from heelstrike.serve.templating import page

router = APIRouter(prefix="/reviews", include_in_schema=False)


@router.get("")
def reviews(request: Request, service: ServiceOf, user: Reviewer) -> Response:
    """Show the list of comparisons."""
    return page(request, "reviews.html", reviews=service.reviews.all(), unavailable=service.reviews.unavailable)


@router.get("/{problem}/{version}")
def review(request: Request, record: Found) -> Response:
    """Show one comparison, which a script filters and annotates."""
    return page(request, "review.html", review=record, base=f"/api/reviews/{record.problem}/{record.version}")
