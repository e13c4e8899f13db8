"""Great Expectations' Data Docs as two files that load no other resource and depend on the data alone."""

from pathlib import Path

import great_expectations as gx
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
from great_expectations.render import RenderedDocumentContent
from great_expectations.render.renderer.page_renderer import ExpectationSuitePageRenderer, ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

_TEMPLATES = Path(__file__).parent / "templates"


def write_docs(
    suite: gx.ExpectationSuite, result: ExpectationSuiteValidationResult, asset: str, verdict: str, folder: Path
) -> None:
    """Write index.html (the results) and suite.html (the expectations) into `folder`.

    Great Expectations' renderers and view make the content; templates/page.j2 is the frame of the page.

    Args:
        suite: The expectations.
        result: Result of the validation. Its `meta` is replaced, so that it does not hold the time of the run.
        asset: Path of the validated table, relative to the repository.
        verdict: One line for the head of the page.
        folder: Folder to create and write to.
    """
    folder.mkdir()
    fingerprint = result.meta["batch_markers"]["pandas_data_fingerprint"]
    result.meta = {
        "batch_spec": {"data_asset_name": asset, "fingerprint": fingerprint},
        "great_expectations_version": gx.__version__,
    }
    results, expected = ValidationResultsPageRenderer().render(result), ExpectationSuitePageRenderer().render(suite)
    # the renderer's link assumes the folder tree of a Great Expectations project
    link = results.sections[0].content_blocks[0].subheader.string_template["styling"]["params"]
    link["expectation_suite_name"]["attributes"]["href"] = "suite.html"
    for name, title, document in (("index", "validation", results), ("suite", "expectations", expected)):
        document.page_title = f"{suite.name}: {title}"
        (folder / f"{name}.html").write_text(_to_html(document, verdict), encoding="utf-8")


def _to_html(document: RenderedDocumentContent, verdict: str) -> str:
    view = DefaultJinjaPageView()
    assert view.env.loader is not None
    view.env.loader = ChoiceLoader([FileSystemLoader(_TEMPLATES), view.env.loader])
    return str(view.render(document, verdict=verdict))
