"""What people and later stages read of a validation: the numbers, and the list that a labeller works from."""

from pathlib import Path
from typing import Any

import pandas as pd
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult

from heelstrike.files import write_json
from pipeline.validate.settings import Expectation

_OF_THE_ROW = ["source", "subject", "video", "frame"]
COLUMNS = ["severity", "expectation", "image", *_OF_THE_ROW, "keypoint", "found", "expected", "suggestion"]


def make_worklist(
    result: ExpectationSuiteValidationResult, expectations: tuple[Expectation, ...], table: pd.DataFrame
) -> pd.DataFrame:
    """A row per finding, errors first, then in the order of the table so that an image's findings stand together."""
    rows = []
    for expectation, single in zip(expectations, result.results, strict=True):
        about = {"severity": expectation.severity, "expectation": expectation.name}
        rows += [about | item for item in single.result["unexpected_list"]]
    # what is about the data as a whole comes first; the sort is stable
    rows.sort(key=lambda item: (item["severity"] != "error", -1 if item["row"] is None else item["row"]))
    of_row = table[_OF_THE_ROW].astype({"frame": object}).replace({"frame": {-1: ""}}).to_dict("records")
    none = dict.fromkeys(_OF_THE_ROW, "")
    worklist = pd.DataFrame([item | (none if item["row"] is None else of_row[item["row"]]) for item in rows])
    return worklist.reindex(columns=COLUMNS)


def write_worklist(worklist: pd.DataFrame, path: Path) -> None:
    """Write the list as CSV, empty cells where a finding is about no single image."""
    worklist.to_csv(path, index=False, lineterminator="\n")


def write_result(
    result: ExpectationSuiteValidationResult, expectations: tuple[Expectation, ...], table: pd.DataFrame, path: Path
) -> None:
    """Write the numbers of each expectation as JSON: nothing in it depends on when or where it ran."""
    each: list[dict[str, Any]] = []
    for expectation, single in zip(expectations, result.results, strict=True):
        each.append(
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
    failed = [e for e in each if not e["success"]]
    write_json(
        path,
        {
            "success": not any(e["severity"] == "error" for e in failed),
            "errors": sum(e["findings"] for e in failed if e["severity"] == "error"),
            "warnings": sum(e["findings"] for e in failed if e["severity"] == "warning"),
            "rows": len(table),
            "images": int(table["image"].nunique()),
            "subjects": int(table["subject"].nunique()),
            "expectations": each,
        },
    )
