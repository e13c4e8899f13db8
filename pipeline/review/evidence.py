"""The page on which people decide about a candidate, in the registry with the candidate."""

from collections.abc import Callable

from heelstrike.errors import UserError
from heelstrike.registry.comparison import COMPARISON_TAG, entry_of, path_of
from heelstrike.registry.database import store_errors
from heelstrike.stores import StoreUnreachableError
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.registry.decision import Decision
from pipeline.registry.store import open_registry
from pipeline.review.compare import Comparison, compare, comparison_file


def page_of(comparison: Comparison) -> str:
    """Return the path of the page among the artifacts of the new version's run."""
    return path_of(comparison.new.number, comparison.old.number)


def lacks_page(decision: Decision) -> bool:
    """Return True if a decision compares with a champion and names no page.

    A decision that stands, for instance while it waits for approval, has its page already.
    """
    return decision.champion not in (None, decision.challenger) and not decision.comparison_page


def with_page(layout: Layout, params: ProblemParams, decision: Decision, say: Callable[[str], None]) -> Decision:
    """Make the page that compares a candidate with the champion, and store it with the candidate.

    Args:
        layout: The repository, in which the test split lies.
        params: The problem's section of params.yaml.
        decision: The decision about the candidate, which is not recorded yet.
        say: Called with a line if the two cannot be compared, which the gates report too.

    Returns:
        The decision with the page's digest, so that whoever approves the decision approves this page.
    """
    if not lacks_page(decision):
        return decision
    try:
        made = compare(layout, params, str(decision.champion), str(decision.challenger), decision)
    except StoreUnreachableError:
        raise
    except UserError as error:
        say(f"no page compares version {decision.challenger} with the champion: {error}")
        return decision
    made.write(comparison_file(layout, made))
    complete = decision.model_copy(update={"comparison_page": made.digest})
    keep(layout, made, complete)
    return complete


def keep(layout: Layout, comparison: Comparison, decision: Decision) -> None:
    """Store page and decision with the run of the new version, and the page's path and digest as the version's tag."""
    version = comparison.new
    with open_registry(layout.root, layout.problem) as registry:
        if version.run_id is not None:
            with store_errors(registry.uri):
                registry.client.log_text(version.run_id, comparison.page, page_of(comparison))
                text, file = decision.model_dump_json(indent=2), page_of(comparison).replace(".html", ".json")
                registry.client.log_text(version.run_id, text, file)
        registry.tag(version.number, {COMPARISON_TAG: entry_of(page_of(comparison), comparison.digest)})
