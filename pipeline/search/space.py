"""The search space: Optuna draws an architecture and settings, which become the sections of a training plan."""

from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, Trial, create_trial

from pipeline.models.settings import ModelSettings
from pipeline.params import ProblemParams
from pipeline.search.settings import Choice, Range, has_setting

ARCHITECTURE = "architecture"
Sections = dict[str, dict[str, Any]]


class Space:
    """The search space of one problem.

    Attributes:
        candidates: Label -> architecture; the first is the architecture of params.yaml.
    """

    def __init__(self, params: ProblemParams) -> None:
        self._params, self._space = params, params.search.space
        self.candidates: dict[str, ModelSettings] = {}
        for settings in (params.model, *params.search.architectures):
            if settings not in self.candidates.values():
                same = sum(candidate.name == settings.name for candidate in self.candidates.values())
                self.candidates[f"{settings.name}-{same + 1}" if same else settings.name] = settings

    def draw(self, trial: Trial) -> None:
        """Let Optuna suggest a value for each setting that a trial may choose."""
        label = next(iter(self.candidates))
        if len(self.candidates) > 1:
            label = trial.suggest_categorical(ARCHITECTURE, list(self.candidates))
        for path, values in self._applicable(label).items():
            if isinstance(values, Choice):
                trial.suggest_categorical(path, list(values.choose))
            elif values.whole:
                trial.suggest_int(path, int(values.low), int(values.high), log=values.log)
            else:
                trial.suggest_float(path, values.low, values.high, log=values.log)

    def given(self) -> FrozenTrial:
        """Return a trial with the settings of params.yaml. Optuna ignores values outside the space."""
        label = next(iter(self.candidates))
        params: dict[str, Any] = {ARCHITECTURE: label} if len(self.candidates) > 1 else {}
        distributions: dict[str, BaseDistribution] = {ARCHITECTURE: CategoricalDistribution(list(self.candidates))}
        sections = self.sections({})
        for path, values in self._applicable(label).items():
            value, distributions[path] = _section_of(sections, path)[path.split(".")[-1]], _distribution(values)
            if (value in values.choose) if isinstance(values, Choice) else (values.low <= value <= values.high):
                params[path] = value
        return create_trial(value=0.0, params=params, distributions={path: distributions[path] for path in params})

    def sections(self, values: dict[str, Any]) -> Sections:
        """Return complete `model`, `train` and `augment` sections with a trial's values."""
        label = values.get(ARCHITECTURE, next(iter(self.candidates)))
        sections: Sections = {
            "model": self.candidates[label].model_dump(mode="json"),
            "train": self._params.train.model_dump(mode="json"),
            "augment": self._params.augment.model_dump(mode="json"),
        }
        for path, value in values.items():
            if path != ARCHITECTURE:
                _section_of(sections, path)[path.split(".")[-1]] = value
        return sections

    def short(self, values: dict[str, Any]) -> Sections:
        """Return the sections that a trial trains: the last step alone, for the epochs of a trial, on one thread."""
        sections = self.sections(values)
        last = self._params.train.steps[-1]
        step = last.model_copy(update={"backbone": True}).shortened(self._params.search.epochs)
        sections["train"].update(steps=[step.model_dump(mode="json")], threads=1, workers=0)
        return sections

    def _applicable(self, label: str) -> dict[str, Choice | Range]:
        given = {"model": self.candidates[label], "train": self._params.train, "augment": self._params.augment}

        def applies(path: str) -> bool:
            section, *names = path.split(".")
            return has_setting(given[section], names)

        # sorted, because the order of drawing decides which values are drawn
        return {path: values for path, values in sorted(self._space.items()) if applies(path)}


def _section_of(sections: Sections, path: str) -> dict[str, Any]:
    """Return the (nested) section that holds the setting at this path."""
    section: dict[str, Any] = sections
    for name in path.split(".")[:-1]:
        section = section[name]
    return section


def _distribution(values: Choice | Range) -> BaseDistribution:
    if isinstance(values, Choice):
        return CategoricalDistribution(list(values.choose))
    if values.whole:
        return IntDistribution(int(values.low), int(values.high), log=values.log)
    return FloatDistribution(values.low, values.high, log=values.log)
