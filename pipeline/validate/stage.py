"""The validate stage: checks the annotation table against its suite, writes reports, and fails if labels are wrong."""

import pandas as pd

from heelstrike.errors import UserError
from heelstrike.files import folder_aside
from pipeline.annotations import read_table
from pipeline.layout import Layout
from pipeline.params import ProblemParams
from pipeline.validate.docs import write_docs
from pipeline.validate.load import with_file_sizes
from pipeline.validate.suite import make_suite, run_suite
from pipeline.validate.worklist import make_worklist, write_result, write_worklist

# number of errors in the message; the work list holds all of them
_MAX_LISTED = 5


def run(params: ProblemParams, layout: Layout) -> None:
    """Write reports/P/validate: result.json, worklist.csv, data_docs/.

    Raises:
        UserError: The table has no labels, or an expectation of severity `error` failed. In the second case the reports
            are written all the same.
    """
    collected, reports = layout.out("collect"), layout.out("validate")
    table = read_table(collected / "annotations.parquet", params.problem.keypoints)
    if table.empty:
        raise UserError(f"{collected / 'annotations.parquet'} has no labels; look at the sources of the collect stage")
    table = with_file_sizes(table, collected)
    expectations = params.validation.expectations
    suite = make_suite(expectations, params.problem, layout.problem)
    result = run_suite(suite, table)
    worklist = make_worklist(result, expectations, table)
    errors = worklist[worklist["severity"] == "error"]
    verdict = f"{len(table)} labels, {len(errors)} errors, {len(worklist) - len(errors)} warnings"
    with folder_aside(reports) as aside:
        write_worklist(worklist, aside / "worklist.csv")
        write_result(result, expectations, table, aside / "result.json")
        asset = (collected / "annotations.parquet").relative_to(layout.root).as_posix()
        write_docs(suite, result, asset, verdict, aside / "data_docs")
    where = (reports / "worklist.csv").relative_to(layout.root).as_posix()
    if len(errors):
        raise UserError(_message(errors, where, len(table)))
    print(f"validate: {verdict}; {where}")


def _message(errors: pd.DataFrame, where: str, labels: int) -> str:
    """Return the counts of the failed expectations, the first findings, and the path of the work list."""
    lines = [f"{len(errors)} errors in {labels} labels"]
    lines += [f"  {name}: {count}" for name, count in errors["expectation"].value_counts(sort=False).items()]
    for item in errors.head(_MAX_LISTED).to_dict("records"):
        image = f"{item['image']} ({item['source']})" if item["image"] else ""
        place = ", ".join(filter(None, (image, item["keypoint"])))
        lines.append(
            f"{place}: {item['expectation']}: found {item['found']}; expected {item['expected']}; {item['suggestion']}"
        )
    if len(errors) > _MAX_LISTED:
        lines.append(f"... and {len(errors) - _MAX_LISTED} more")
    lines.append(f"all errors and warnings are in {where}; correct the labels, or change `validate` in params.yaml")
    return "\n".join(lines)
