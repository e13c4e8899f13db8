"""params.yaml, validated as a whole before anything runs; every error is reported with its path.

A problem is one section. Each package below `pipeline` owns its settings and their defaults (in its `settings.py`).
This file only combines them, and checks conditions that involve several of them.
"""

import copy
import itertools
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from heelstrike.errors import UserError, did_you_mean
from heelstrike.measure.settings import MeasuredImage, MeasureSettings
from heelstrike.preprocess.settings import needs_video
from heelstrike.settings import Strict
from pipeline.augment.settings import AugmentSettings
from pipeline.collect.settings import CollectSettings
from pipeline.evaluate.settings import EvaluateSettings
from pipeline.heads import heads_of, misfit_of
from pipeline.models.settings import ModelSettings
from pipeline.names import finding_of_problem_name, in_normal_form, side_pairs
from pipeline.package.settings import PackageSettings
from pipeline.prepare.settings import PrepareSettings
from pipeline.problem import Problem
from pipeline.registry.settings import GateSettings
from pipeline.renamed_settings import RENAMED
from pipeline.search.settings import SearchSettings
from pipeline.split.settings import SplitSettings
from pipeline.strict_yaml import read_yaml
from pipeline.train.settings import TrainSettings
from pipeline.validate.settings import ValidateSettings


class ProblemParams(Strict):
    """One section of params.yaml: a problem and the settings of each stage."""

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
    measure: Annotated[
        MeasureSettings | None, Field(description="measure of the keypoints; null: nothing is measured")
    ] = None

    @model_validator(mode="after")
    def _check_networks(self) -> Self:
        for path, settings in [("model", self.model)] + [
            (f"search.architectures.{i}", settings) for i, settings in enumerate(self.search.architectures)
        ]:
            finding = misfit_of(settings, self.problem)
            if finding:
                raise ValueError(f"{path} {finding}")
            if set(settings.heads) != set(self.model.heads):
                raise ValueError(
                    f"{path} is {settings.name!r} with the heads {_listed(settings.heads)}, but model "
                    f"{self.model.name!r} has {_listed(self.model.heads)}; in a search, all must have the same heads"
                )
            self._check_steps(path, settings)
            trainings = [self.train, *self.search.variants("train", self.train)]
            for train, model in itertools.product(trainings, [settings, *self.search.variants("model", settings)]):
                finding = train.misfit(model)
                if finding:
                    raise ValueError(f"{finding} ({path})")
        return self

    def _check_steps(self, path: str, settings: ModelSettings) -> None:
        trained = set[str]()
        for number, step in enumerate(self.train.steps):
            for head in step.heads:
                if head not in settings.heads:
                    raise ValueError(
                        f"train.steps.{number} trains the head {head!r}, which {path} {settings.name!r} has not; "
                        f"it has {_listed(settings.heads)}"
                    )
            trained |= set(step.heads)
            for head, first in settings.learns_after.items():
                if head in trained and first not in trained:
                    raise ValueError(
                        f"train.steps.{number} trains the head {head!r}, but in {path} {settings.name!r} it uses "
                        f"the output of {first!r}, which no step up to here trains; add `{first}` to a step"
                    )

    @model_validator(mode="after")
    def _keypoints_for_measure_and_radius(self) -> Self:
        needing_keypoints = {
            "measure": self.measure,
            "package.max_radius_px": self.package.max_radius_px,
            "train.temporal": self.train.temporal,
        }
        for path, setting in needing_keypoints.items():
            if setting is not None and not any(head.keypoints for head in heads_of(self.model.heads)):
                raise ValueError(f"{path} needs keypoints, but model {self.model.name!r} has no keypoint head")
        return self

    @model_validator(mode="after")
    def _measure_for_its_limit(self) -> Self:
        if self.gates.max_measure_error is not None and self.measure is None:
            raise ValueError("gates.max_measure_error limits the error of the measure, but measure is null")
        if self.gates.compare_on == "measurement" and self.measure is None:
            raise ValueError("gates.compare_on is the measurement, but measure is null")
        return self

    @model_validator(mode="after")
    def _radii_for_their_limits(self) -> Self:
        limits = {
            "package.max_radius_px": self.package.max_radius_px,
            "measure.max_uncertainty": self.measure.uncertainty_limit if self.measure is not None else None,
        }
        for path, limit in limits.items():
            if limit is not None and self.evaluate.coverage is None:
                raise ValueError(f"{path} needs radii, but evaluate.coverage is null; set it to 0.9")
        return self

    @model_validator(mode="after")
    def _classes_for_split(self) -> Self:
        if self.split.by_class and not self.problem.classes:
            raise ValueError("split.by_class spreads the classes over the splits, but problem.classes is empty")
        return self

    @model_validator(mode="after")
    def _sides_change_places(self) -> Self:
        augments = [self.augment, *self.search.variants("augment", self.augment)]
        if not any(view.flip for augment in augments for view in (augment, *augment.views)):
            return self
        paired = {name for pair in self.problem.flip_pairs for name in pair}
        lacking = [list(pair) for pair in side_pairs(self.problem.keypoints) if not paired & set(pair)]
        if lacking:
            raise ValueError(
                "augment.flip mirrors training images, and by their names these keypoints change places then, but "
                f"problem.flip_pairs lacks them: {lacking}; add them, or set augment.flip (and that of views and of "
                "the search) to 0"
            )
        return self

    @model_validator(mode="after")
    def _one_name_in_the_file_for_each(self) -> Self:
        for number, source in enumerate(self.collect.sources):
            maps = {name: value for name, value in source if isinstance(value, dict)}  # from our names to the file's
            for setting, given in maps.items():
                names = self.problem.classes if setting == "classes" else self.problem.keypoints
                in_file = Counter(given.get(name, name) for name in names)
                repeated = [name for name, count in in_file.items() if count > 1 and isinstance(name, str)]
                if repeated:
                    raise ValueError(
                        f"collect.sources.{number}.{setting} gives two names of the problem one name in the file: "
                        f"{repeated}"
                    )
        return self

    @model_validator(mode="after")
    def _check_zoom(self) -> Self:
        if self.package.zoom is not None and (self.problem.multi_instance or len(self.problem.keypoints) < 2):
            raise ValueError("package.zoom looks for the keypoints of one instance; this problem has none or several")
        return self

    @model_validator(mode="after")
    def _check_disturbed(self) -> Self:
        if self.package.disturbed is None:
            return self
        if not isinstance(self.measure, MeasuredImage):
            raise ValueError("package.disturbed judges the values of single images, but nothing is measured on these")
        if needs_video(self.prepare.filters):
            raise ValueError("package.disturbed shows still pictures, but a filter of prepare.filters needs a video")
        return self

    @model_validator(mode="after")
    def _check_validation_names(self) -> Self:
        self.validation.check_names(self.problem)
        return self

    @model_validator(mode="after")
    def _check_measure_names(self) -> Self:
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
        UserError: The file is missing or not valid YAML, or a value in it is wrong; the message has a line per finding.
    """
    try:
        data = read_yaml(path)
    except FileNotFoundError:
        raise UserError(f"{path}: not there; run this at the top of a Heelstrike repository") from None
    parsed = parse_params(data, path.name)
    # DVC fails if the file lacks a section that a stage depends on
    sections = [field.alias or name for name, field in ProblemParams.model_fields.items()]
    missing = [f"{name}.{section}" for name in parsed for section in sections if section not in data[name]]
    if missing:
        for_defaults = "write `measure: null` for no measure, `NAME: {}` for the defaults of any other section"
        raise UserError(f"{path.name}: missing {', '.join(missing)}; {for_defaults}")
    return parsed


def parse_params(data: Any, where: str = "params.yaml") -> dict[str, ProblemParams]:
    """Validate the content of params.yaml.

    Args:
        data: The parsed YAML.
        where: Name of the file, for messages.

    Returns:
        Problem name to its validated section, in the order of `problems`.

    Raises:
        UserError: Any value is wrong; the message has a line per finding.
    """
    if not isinstance(data, dict) or not isinstance(data.get("problems"), list) or not data["problems"]:
        raise UserError(f"{where}: expected a mapping with `problems: [NAME, ...]` and a section for each NAME")
    data = in_normal_form(data)  # names are compared with those of label files
    parsed: dict[str, ProblemParams] = {}
    names = data["problems"]
    findings = [finding for finding in map(finding_of_problem_name, names) if finding]
    if not findings and len({name.lower() for name in names}) < len(names):
        findings.append(f"problems: {names} has a name twice; capitals make no difference, as in names of folders")
    if findings:
        raise UserError("\n".join(f"{where}: {finding}" for finding in findings))
    for extra in sorted(set(map(str, data)) - {"problems", *names}):
        findings.append(f"{extra[:60]}: a section that `problems` does not list {names}{did_you_mean(extra, names)}")
    for name in names:
        if name not in data:
            findings.append(f"{name}: listed in `problems`, but there is no such section")
            continue
        try:
            parsed[name] = ProblemParams.model_validate(data[name])
        except ValidationError as error:
            errors = error.errors() + _further_errors(error, data[name])
            findings += [_finding(name, e, data[name]) for e in errors]
    if findings:
        raise UserError("\n".join(f"{where}: {finding}" for finding in findings))
    return parsed


def _further_errors(error: ValidationError, section: Any) -> list[Any]:
    """Return the errors that pydantic looks for only where no key is unknown, such as those of several settings."""
    if any(e["type"] != "extra_forbidden" for e in error.errors()):
        return []
    known = copy.deepcopy(section)
    for *parents, key in (_path_in_file(e, section) for e in error.errors()):
        owner = known
        for part in parents:
            owner = owner[int(part)] if isinstance(owner, list) else owner[part]
        owner.pop(key, None)  # anchors of YAML share what stands at two paths
    try:
        ProblemParams.model_validate(known)
    except ValidationError as further:
        return list(further.errors())
    return []


def problem_in(params: dict[str, ProblemParams], name: str) -> ProblemParams:
    """Return the section of a problem.

    Raises:
        UserError: There is no such problem.
    """
    if name not in params:
        names = list(params)
        raise UserError(f"params.yaml has no problem {name!r}; it has {', '.join(names)}{did_you_mean(name, names)}")
    return params[name]


def _finding(problem: str, error: Any, section: Any) -> str:
    """Return a finding such as `rearfoot.train.lr: Input should be greater than 0, found -1`."""
    parts = _path_in_file(error, section)
    path = ".".join(parts)
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        if path in RENAMED:
            return f"{problem}.{path} is now {RENAMED[path]}"
        return f"{problem}.{path[:300]}: unknown key{did_you_mean(parts[-1], _keys_beside(parts, section))}"
    value = error["input"]
    found = f", found {repr(value)[:80]}" if isinstance(value, str | int | float | bool | None) else ""
    return f"{'.'.join(filter(None, (problem, path)))}: {message}{found}"


def _path_in_file(error: Any, section: Any) -> list[str]:
    """Return the error's path in the file: pydantic's path without the tags of unions (`synthetic`, `spatial`)."""
    path, value = [], section
    for part in error["loc"]:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            if error["type"] != "missing" or part != error["loc"][-1]:
                continue
        path.append(str(part))
    return path


def _keys_beside(parts: list[str], section: Any) -> list[str]:
    """Return the keys that may stand beside an unknown one: those of the settings with the most keys in common."""
    for part in parts[:-1]:
        section = section[int(part)] if isinstance(section, list) else section[part]
    schema = params_schema()
    candidates = [list(part.get("properties", {})) for part in (schema, *schema["$defs"].values())]
    in_common = [len(set(keys) & set(section)) for keys in candidates]
    return [key for keys, count in zip(candidates, in_common, strict=True) if count == max(in_common) for key in keys]


def params_schema() -> dict[str, Any]:
    """Return the JSON schema of one problem's section, with descriptions and defaults."""
    return TypeAdapter(ProblemParams).json_schema()
