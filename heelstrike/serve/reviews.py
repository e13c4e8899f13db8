"""The comparisons of versions that the registry holds, and which of them wait for people."""

from typing import Annotated

from pydantic import Field

from heelstrike.registry.client import RegistryClient, connect
from heelstrike.registry.comparison import ComparisonPage, fetch_page
from heelstrike.registry.versions import CHAMPION, RegisteredModel, Version, is_model_name
from heelstrike.serve.approvals import Approvals, Candidate
from heelstrike.serve.problems import missing
from heelstrike.serve.records import Record
from heelstrike.serve.settings import ServeSettings

_VERDICT_TAG = "verdict"


class Review(Record):
    """A comparison of a version with the champion of its time."""

    problem: str
    version: int
    against: Annotated[int, Field(description="the version that it is compared with")]
    page: Annotated[str, Field(description="SHA-256 of the page, which the decision names")]
    verdict: Annotated[str, Field(description="what the gates decided, in one sentence")] = ""
    champion: Annotated[bool, Field(description="true if consumers pull this version now")] = False
    created: Annotated[str | None, Field(description="when the version was registered, in UTC")] = None
    waiting: Annotated[Candidate | None, Field(description="null if it does not wait for people, or if unknown")] = None
    undecidable: Annotated[str, Field(description="why nobody can decide on it here; empty if one can")] = ""

    @property
    def reference(self) -> str:
        """The version as a reference: `rearfoot/3`."""
        return f"{self.problem}/{self.version}"


class ReviewStore:
    """Reads comparisons from the registry. Nothing is kept here: the pages show people who may withdraw.

    Args:
        settings: Settings of the service.
        approvals: Decides on candidates; `None` without a checkout.
    """

    def __init__(self, settings: ServeSettings, approvals: Approvals | None) -> None:
        self._settings, self._approvals = settings, approvals

    @property
    def unavailable(self) -> str:
        """Why there are no comparisons here; empty if the registry is asked for them."""
        if self._settings.package is not None:
            return "This service measures with a package folder, and no registry is asked for comparisons."
        return "This service is offline, so no registry is asked for comparisons." if self._settings.offline else ""

    def all(self) -> list[Review]:
        """Return every comparison: what waits for people first, then the newest version first.

        Raises:
            UserError: The registry does not answer, or params.yaml of the checkout is wrong.
        """
        if self.unavailable:
            return []
        client, decidable = connect(self._settings.root), self._decidable()
        reviews = [
            review
            for model in client.models()
            if is_model_name(model.name)
            for review in self._of_model(client, model, model.name in decidable)
        ]
        reviews.sort(key=lambda review: review.created or "", reverse=True)
        return sorted(reviews, key=lambda review: review.waiting is None)

    def get(self, problem: str, version: int) -> Review:
        """Return the comparison of a version.

        Raises:
            RequestError: The version has none.
            UserError: As in `all`.
        """
        for review in self.all():
            if (review.problem, review.version) == (problem, version):
                return review
        raise missing("comparison")

    def page(self, problem: str, version: int) -> bytes:
        """Return the page of a comparison, whose hash was checked.

        Raises:
            RequestError: The version has none.
            UserError: The registry does not answer, or the page was changed.
        """
        if self.unavailable or not is_model_name(problem):
            raise missing("comparison")
        client = connect(self._settings.root)
        known = client.version(problem, version)
        page = None if known is None else ComparisonPage.of(known)
        if page is None:
            raise missing("comparison")
        return fetch_page(client, page)

    def _decidable(self) -> list[str]:
        return [] if self._approvals is None else self._approvals.problems()

    def _of_model(self, client: RegistryClient, model: RegisteredModel, decidable: bool) -> list[Review]:
        pages = [page for version in client.versions(model.name) if (page := ComparisonPage.of(version)) is not None]
        waiting = self._approvals.waiting(model.name) if pages and decidable and self._approvals is not None else []
        candidates = {candidate.number: candidate for candidate in waiting}
        return [
            Review(
                problem=model.name,
                version=page.version.number,
                against=page.against,
                page=page.digest,
                verdict=page.version.tags.get(_VERDICT_TAG, ""),
                champion=model.aliases.get(CHAMPION) == page.version.number,
                created=page.version.created,
                waiting=candidates.get(page.version.number),
                undecidable=self._undecidable(page.version, candidates, decidable),
            )
            for page in pages
        ]

    def _undecidable(self, version: Version, candidates: dict[int, Candidate], decidable: bool) -> str:
        if self._approvals is None:
            return (
                "Nobody can decide here, since this service does not run in a checkout, which has the rules "
                f"of approval and today's test split. Where models are trained: heelstrike approve {version.reference}"
            )
        if not decidable:
            return f"Nobody can decide here, since params.yaml of this checkout has no problem {version.problem}."
        return "" if version.number in candidates else "It does not wait for approval."
