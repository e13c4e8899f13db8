"""params.yaml, validated whole: every error at once, each with its path, before anything runs.

A problem is one section. Each room of the pipeline owns the settings of its part (`pipeline/ROOM/settings.py`, where
the defaults live); this file only puts them together and checks what spans several.
"""

import itertools
import re
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from heelstrike.errors import UserError
from heelstrike.measure.settings import MeasureSettings
from heelstrike.settings import Strict
from pipeline.augment.settings import AugmentSettings
from pipeline.collect.settings import CollectSettings
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads import heads_of, misfit_of
from pipeline.models.settings import ModelSettings
from pipeline.package.settings import PackageSettings
from pipeline.prepare.settings import PrepareSettings
from pipeline.problem import Problem
from pipeline.registry.settings import GateSettings
from pipeline.renamed_settings import RENAMED
from pipeline.search.settings import SearchSettings
from pipeline.split.settings import SplitSettings
from pipeline.train.settings import TrainSettings
from pipeline.validate.settings import ValidateSettings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class ProblemParams(Strict):
    """One section of params.yaml: a problem and what each stage does with it."""

    problem: Problem
    collect: CollectSettings
    validation: Annotated[ValidateSettings, Field(alias="validate")] = ValidateSettings()
    split: SplitSettings = SplitSettings()
    prepare: PrepareSettings = PrepareSettings()
    augment: AugmentSettings = AugmentSettings()
    model: ModelSettings
    train: TrainSettings = TrainSettings()
    search: SearchSettings = SearchSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    package: PackageSettings = PackageSettings()
    gates: GateSettings = GateSettings()
    measure: Annotated[MeasureSettings | None, Field(description="what is read off the keypoints; none: nothing")] = (
        None
    )

    @model_validator(mode="after")
    def _networks_fit(self) -> Self:
        for path, settings in [("model", self.model)] + [
            (f"search.architectures.{i}", settings) for i, settings in enumerate(self.search.architectures)
        ]:
            finding = misfit_of(settings, self.problem)
            if finding:
                raise ValueError(f"{path} {finding}")
            if set(settings.heads) != set(self.model.heads):
                raise ValueError(
                    f"{path} is {settings.name!r} with the heads {_listed(settings.heads)}, but model "
                    f"{self.model.name!r} has {_listed(self.model.heads)}; what a search compares must find the same"
                )
            self._steps_suit(path, settings)
            trainings = [self.train, *self.search.variants("train", self.train)]
            for train, model in itertools.product(trainings, [settings, *self.search.variants("model", settings)]):
                finding = train.misfit(model)
                if finding:
                    raise ValueError(f"{finding} ({path})")
        return self

    def _steps_suit(self, path: str, settings: ModelSettings) -> None:
        taught = set[str]()
        for number, step in enumerate(self.train.steps):
            for head in step.heads:
                if head not in settings.heads:
                    raise ValueError(
                        f"train.steps.{number} trains the head {head!r}, which {path} {settings.name!r} has not; "
                        f"it has {_listed(settings.heads)}"
                    )
            taught |= set(step.heads)
            for head, first in settings.learns_after.items():
                if head in taught and first not in taught:
                    raise ValueError(
                        f"train.steps.{number} trains the head {head!r}, but in {path} {settings.name!r} it builds on "
                        f"what {first!r} says, and no step up to here trains that; add `{first}` to a step"
                    )

    @model_validator(mode="after")
    def _what_needs_keypoints_has_them(self) -> Self:
        needing = {"measure": self.measure, "package.max_radius_px": self.package.max_radius_px}
        for path, wanted in needing.items():
            if wanted is not None and not any(head.keypoints for head in heads_of(self.model.heads)):
                raise ValueError(f"{path} needs keypoints, but model {self.model.name!r} has no keypoint head")
        return self

    @model_validator(mode="after")
    def _what_limits_a_measure_has_one(self) -> Self:
        if self.gates.max_measure_error is not None and self.measure is None:
            raise ValueError("gates.max_measure_error limits the error of what is measured, but measure is null")
        return self

    @model_validator(mode="after")
    def _limits_have_radii(self) -> Self:
        limits = {
            "package.max_radius_px": self.package.max_radius_px,
            "measure.max_uncertainty": self.measure.uncertainty_limit if self.measure is not None else None,
        }
        for path, limit in limits.items():
            if limit is not None and self.evaluate.coverage is None:
                raise ValueError(f"{path} needs radii, but evaluate.coverage is null; set it to 0.9")
        return self

    @model_validator(mode="after")
    def _what_needs_classes_has_them(self) -> Self:
        if self.split.by_class and not self.problem.classes:
            raise ValueError("split.by_class spreads classes, but problem.classes names none")
        return self

    @model_validator(mode="after")
    def _validation_names_keypoints(self) -> Self:
        self.validation.check_names(self.problem)
        return self

    @model_validator(mode="after")
    def _measure_names_keypoints(self) -> Self:
        if self.measure is not None:
            for setting, names in self.measure.named.items():
                for name in names:
                    if name not in self.problem.keypoints:
                        raise ValueError(f"measure.{setting} names {name!r}, which is not one of problem.keypoints")
        return self


def _listed(heads: tuple[str, ...]) -> str:
    return " and ".join(heads)


def load_params(path: Path) -> dict[str, ProblemParams]:
    """Read and validate params.yaml.

    Returns:
        Problem name to its validated section, in the order of `problems`.

    Raises:
        UserError: The file is missing or is no YAML, or any value in it is wrong; one line for every finding.
    """
    try:
        data = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise UserError(f"{path}: not there; run this at the top of a Heelstrike repository") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not valid YAML: {error}") from None
    parsed = parse_params(data, path.name)
    # DVC stops at a section that a stage depends on and that is not in the file
    sections = [field.alias or name for name, field in ProblemParams.model_fields.items()]
    missing = [f"{name}.{section}" for name in parsed for section in sections if section not in data[name]]
    if missing:
        for_defaults = "write `measure: null` for none, `NAME: {}` for the defaults of any other"
        raise UserError(f"{path.name}: missing {', '.join(missing)}; {for_defaults}")
    return parsed


def parse_params(data: Any, where: str = "params.yaml") -> dict[str, ProblemParams]:
    """Validate what params.yaml holds; see `load_params`."""
    if not isinstance(data, dict) or not isinstance(data.get("problems"), list) or not data["problems"]:
        raise UserError(f"{where}: expected a mapping with `problems: [NAME, ...]` and a section for each NAME")
    findings, parsed = [], {}
    names = [str(name) for name in data["problems"]]
    for extra in sorted(set(map(str, data)) - {"problems", *names}):
        findings.append(f"{extra}: a section that `problems` does not list {names}")
    for name in names:
        if not _NAME.fullmatch(name):
            findings.append(f"{name}: a problem's name has letters, digits, - and _, as it names folders and models")
            continue
        if name not in data:
            findings.append(f"{name}: listed in `problems`, but there is no such section")
            continue
        try:
            parsed[name] = ProblemParams.model_validate(data[name])
        except ValidationError as error:
            findings += [_finding(name, e, data[name]) for e in error.errors()]
    if findings:
        raise UserError("\n".join(f"{where}: {finding}" for finding in findings))
    return parsed


def _finding(problem: str, error: Any, section: Any) -> str:
    """`rearfoot.train.lr: Input should be greater than 0, found -1`."""
    path = ".".join(_path_in_file(error, section))
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        return f"{problem}.{path} is now {RENAMED[path]}" if path in RENAMED else f"{problem}.{path}: unknown key"
    found = error["input"]
    shown = f", found {found!r}" if isinstance(found, str | int | float | bool | None) else ""
    return f"{'.'.join(filter(None, (problem, path)))}: {message}{shown}"


def _path_in_file(error: Any, section: Any) -> list[str]:
    """Where it is in the file: pydantic's path without the tags of unions (`synthetic`, `spatial`)."""
    path, at = [], section
    for part in error["loc"]:
        try:
            at = at[part]
        except (KeyError, IndexError, TypeError):
            if error["type"] != "missing" or part != error["loc"][-1]:
                continue
        path.append(str(part))
    return path


def params_schema() -> dict[str, Any]:
    """JSON schema of one problem's section, descriptions and defaults included."""
    return TypeAdapter(ProblemParams).json_schema()
