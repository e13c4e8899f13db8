"""The results of a validation for people and later stages: the counts, and the labellers' work list."""

from pathlib import Path
from typing import Any

import pandas as pd
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult

from heelstrike.files import write_json
from pipeline.spreadsheet import for_spreadsheets
from pipeline.validate.settings import Expectation

_ROW_COLUMNS = ["source", "subject", "video", "frame"]
COLUMNS = ["severity", "expectation", "image", *_ROW_COLUMNS, "keypoint", "found", "expected", "suggestion"]


def make_worklist(
    result: ExpectationSuiteValidationResult, expectations: tuple[Expectation, ...], table: pd.DataFrame
) -> pd.DataFrame:
    """Make a table with one row per finding: errors first, then in the order of the annotation table."""
    rows = []
    for expectation, single in zip(expectations, result.results, strict=True):
        about = {"severity": expectation.severity, "expectation": expectation.name}
        rows += [about | item for item in single.result["unexpected_list"]]
    # findings about the data as a whole come first; the sort is stable
    rows.sort(key=lambda item: (item["severity"] != "error", -1 if item["row"] is None else item["row"]))
    row_values = table[_ROW_COLUMNS].astype({"frame": object}).replace({"frame": {-1: ""}}).to_dict("records")
    empty = dict.fromkeys(_ROW_COLUMNS, "")
    worklist = pd.DataFrame([item | (empty if item["row"] is None else row_values[item["row"]]) for item in rows])
    return worklist.reindex(columns=COLUMNS)


def write_worklist(worklist: pd.DataFrame, path: Path) -> None:
    """Write the list as CSV. Cells are empty where a finding is not about a single image."""
    for_spreadsheets(worklist).to_csv(path, index=False, lineterminator="\n")


def write_result(
    result: ExpectationSuiteValidationResult, expectations: tuple[Expectation, ...], table: pd.DataFrame, path: Path
) -> None:
    """Write the counts of each expectation as JSON. The file does not depend on when or where the stage ran."""
    entries: list[dict[str, Any]] = []
    for expectation, single in zip(expectations, result.results, strict=True):
        entries.append(
            {
                "name": expectation.name,
                "severity": expectation.severity,
                "options": expectation.check().model_dump(mode="json"),
                "success": bool(single.success),
                "checked": single.result["element_count"],
                "findings": single.result["unexpected_count"],
                "images": single.result["unexpected_images"],
            }
        )
    failed = [e for e in entries if not e["success"]]
    write_json(
        path,
        {
            "success": not any(e["severity"] == "error" for e in failed),
            "errors": sum(e["findings"] for e in failed if e["severity"] == "error"),
            "warnings": sum(e["findings"] for e in failed if e["severity"] == "warning"),
            "rows": len(table),
            "images": int(table["image"].nunique()),
            "subjects": int(table["subject"].nunique()),
            "expectations": entries,
        },
    )
