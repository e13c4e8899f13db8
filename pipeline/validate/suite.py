"""The suite in Great Expectations: one of its expectation classes for each entry of `EXPECTATIONS`."""

import html
import json
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.render import (
    LegacyDiagnosticRendererType,
    LegacyRendererType,
    RenderedStringTemplateContent,
    RenderedTableContent,
)
from great_expectations.render.renderer.renderer import renderer

from pipeline.problem import Problem
from pipeline.validate.check import Check, Findings
from pipeline.validate.expectations import EXPECTATIONS
from pipeline.validate.labels import LabelArrays
from pipeline.validate.load import labels_of
from pipeline.validate.settings import Expectation

# names of the severities in Great Expectations
SEVERITIES = {"error": "critical", "warning": "warning"}
# number of each expectation's findings in Data Docs; the work list holds all of them
_MAX_LISTED = 20


class LabelsMetric(TableMetricProvider):
    """The batch as `LabelArrays`. Great Expectations computes it once for all expectations."""

    metric_name = "heelstrike.labels"
    value_keys = ("problem",)

    @metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls,
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> LabelArrays:
        table, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        return labels_of(table, Problem.model_validate_json(metric_value_kwargs["problem"]))


class LabelExpectation(BatchExpectation):
    """Base of the suite's expectations. It runs a `Check` over the labels and renders the findings in Data Docs."""

    problem: str
    options: dict[str, Any] = {}

    metric_dependencies = ("heelstrike.labels",)
    success_keys = ("problem", "options")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        labels: LabelArrays = metrics["heelstrike.labels"]
        findings = _check_class(self.expectation_type).model_validate(self.options).find(labels)
        return {"success": not findings.items, "result": _result(findings, labels)}

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    def _prescriptive_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> list[RenderedStringTemplateContent]:
        configuration = configuration or result.expectation_config
        options = configuration.kwargs.get("options", {})
        params = {"sentence": _check_class(configuration.type).sentence(), "severity": configuration.meta["severity"]}
        template = "$severity $sentence"
        if options:
            template += "\n$options"
            params["options"] = ", ".join(f"{name} {json.dumps(value)}" for name, value in options.items())
        styles = {"severity": {"classes": ["badge"]}, "options": {"classes": ["options"]}}
        content = {"template": template, "params": params, "styling": {"params": styles}}
        return [RenderedStringTemplateContent(content_block_type="string_template", string_template=content)]

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.STATUS_ICON)
    def _diagnostic_status_icon_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> RenderedStringTemplateContent:
        status = super()._diagnostic_status_icon_renderer(result=result)
        if not result.success and result.expectation_config.meta["severity"] == "warning":
            icon = status.string_template["styling"]["params"]["icon"]
            icon["classes"] = ["fas", "fa-exclamation-triangle", "text-warning"]
        return status

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.UNEXPECTED_STATEMENT)
    def _diagnostic_unexpected_statement_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> list[Any]:
        return []  # the observed value already holds this statement

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.UNEXPECTED_TABLE)
    def _diagnostic_unexpected_table_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> list[Any] | None:
        listed = result.result["unexpected_list"][:_MAX_LISTED]
        if not listed:
            return None
        columns = ["image", "keypoint", "found", "expected"]
        table = RenderedTableContent(
            content_block_type="table",
            header_row=columns,
            table=[[html.escape(item[column]) for column in columns] for item in listed],
            styling={"body": {"classes": ["table-bordered", "table-sm", "mt-3"]}},
        )
        if len(result.result["unexpected_list"]) == len(listed):
            return [table]
        more = {
            "template": "and $more more in the work list",
            "params": {"more": result.result["unexpected_count"] - _MAX_LISTED},
        }
        return [table, RenderedStringTemplateContent(content_block_type="string_template", string_template=more)]


def _check_class(expectation_type: str) -> type[Check]:
    return EXPECTATIONS[expectation_type.removeprefix("expect_")]


def _result(findings: Findings, labels: LabelArrays) -> dict[str, Any]:
    """Return a result in Great Expectations' terms; `unexpected_list` holds every finding."""
    items = [
        {
            "row": item.row,
            "image": "" if item.row is None else labels.image[item.row],
            "keypoint": item.keypoint,
            "found": item.found,
            "expected": item.expected,
            "suggestion": item.suggestion,
        }
        for item in findings.items
    ]
    images = len({item["image"] for item in items if item["image"]})
    where = f", in {images} of {len(set(labels.image))} images" if images and findings.unit != "images" else ""
    return {
        "element_count": findings.checked,
        "unexpected_count": len(items),
        "unexpected_images": images,
        "observed_value": f"{len(items)} of {findings.checked} {findings.unit} unexpected{where}"
        if findings.checked
        else "nothing to check",
        "unexpected_list": items,
    }


# Great Expectations registers each class under its name in snake case: expect_keypoints_in_image, ...
_CLASSES = {
    name: type(f"Expect{check.__name__}", (LabelExpectation,), {"__doc__": check.__doc__, "__module__": __name__})
    for name, check in EXPECTATIONS.items()
}


def make_suite(expectations: tuple[Expectation, ...], problem: Problem, name: str) -> gx.ExpectationSuite:
    """Make the Great Expectations suite of a problem."""
    configured = [
        _CLASSES[e.name](
            problem=problem.model_dump_json(),
            options=e.check().model_dump(mode="json"),
            severity=SEVERITIES[e.severity],
            meta={"severity": e.severity, "number": number},
        )
        for number, e in enumerate(expectations)
    ]
    return gx.ExpectationSuite(name=name, expectations=configured)


def run_suite(suite: gx.ExpectationSuite, table: pd.DataFrame) -> ExpectationSuiteValidationResult:
    """Validate a table with file sizes (`with_file_sizes`) against a suite.

    Returns:
        Great Expectations' result, the results in the order of the suite; each `result["unexpected_list"]` holds
        every finding as a dict with the keys of `worklist.COLUMNS`.
    """
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("annotations")
    batch = (
        source.add_dataframe_asset("table").add_batch_definition_whole_dataframe("all").get_batch({"dataframe": table})
    )
    result = batch.validate(suite)
    for single in result.results:
        _raise_bugs(single)
    result.results.sort(key=_number)
    return result


def _number(single: ExpectationValidationResult) -> int:
    assert single.expectation_config is not None
    return int(single.expectation_config.meta["number"])


def _raise_bugs(single: ExpectationValidationResult) -> None:
    """Raise the exceptions that Great Expectations turned into failed expectations: a bug must not look like bad data.

    Raises:
        RuntimeError: An expectation raised an exception.
    """
    info = single.exception_info
    for exception in (info, *(value for value in info.values() if isinstance(value, dict))):
        if exception.get("raised_exception"):
            raise RuntimeError(f"{single.expectation_config}: {exception['exception_traceback']}")
