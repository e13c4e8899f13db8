"""What a trial may be: architectures and settings, drawn by Optuna, turned into a plan of training."""

from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, Trial, create_trial

from pipeline.models.settings import ModelSettings
from pipeline.params import ProblemParams
from pipeline.search.settings import Choice, Range

ARCHITECTURE = "architecture"
Sections = dict[str, dict[str, Any]]


class Space:
    """The search space of one problem.

    Attributes:
        candidates: Label to architecture; the first is the one of params.yaml.
    """

    def __init__(self, params: ProblemParams) -> None:
        self._params, self._space = params, params.search.space
        self.candidates: dict[str, ModelSettings] = {}
        for settings in (params.model, *params.search.architectures):
            if settings not in self.candidates.values():
                same = sum(other.name == settings.name for other in self.candidates.values())
                self.candidates[f"{settings.name}-{same + 1}" if same else settings.name] = settings

    def draw(self, trial: Trial) -> None:
        """Let Optuna suggest a value for everything that a trial may choose."""
        label = next(iter(self.candidates))
        if len(self.candidates) > 1:
            label = trial.suggest_categorical(ARCHITECTURE, list(self.candidates))
        for path, what in self._applicable(label).items():
            if isinstance(what, Choice):
                trial.suggest_categorical(path, list(what.choose))
            elif what.whole:
                trial.suggest_int(path, int(what.low), int(what.high), log=what.log)
            else:
                trial.suggest_float(path, what.low, what.high, log=what.log)

    def given(self) -> FrozenTrial:
        """A trial of params.yaml as it stands; values outside the space are kept, but Optuna does not see them."""
        label = next(iter(self.candidates))
        values: dict[str, Any] = {ARCHITECTURE: label} if len(self.candidates) > 1 else {}
        kinds: dict[str, BaseDistribution] = {ARCHITECTURE: CategoricalDistribution(list(self.candidates))}
        sections = self.sections({})
        for path, what in self._applicable(label).items():
            section, _, name = path.partition(".")
            value, kinds[path] = sections[section][name], _distribution(what)
            if (value in what.choose) if isinstance(what, Choice) else (what.low <= value <= what.high):
                values[path] = value
        return create_trial(value=0.0, params=values, distributions={path: kinds[path] for path in values})

    def sections(self, values: dict[str, Any]) -> Sections:
        """Complete `model`, `train` and `augment` sections with a trial's values put in."""
        label = values.get(ARCHITECTURE, next(iter(self.candidates)))
        sections: Sections = {
            "model": self.candidates[label].model_dump(mode="json"),
            "train": self._params.train.model_dump(mode="json"),
            "augment": self._params.augment.model_dump(mode="json"),
        }
        for path, value in values.items():
            section, _, name = path.partition(".")
            if name:
                sections[section][name] = value
        return sections

    def short(self, values: dict[str, Any]) -> Sections:
        """The same for a trial: its last step alone, for as many epochs as a trial has, on one thread."""
        sections = self.sections(values)
        last = self._params.train.steps[-1]
        step = last.model_copy(update={"backbone": True}).shortened(self._params.search.epochs)
        sections["train"].update(steps=[step.model_dump(mode="json")], threads=1, workers=0)
        return sections

    def _applicable(self, label: str) -> dict[str, Choice | Range]:
        fields = type(self.candidates[label]).model_fields
        # sorted, since the order in which they are drawn decides what is drawn
        space = sorted(self._space.items())
        return {path: what for path, what in space if not path.startswith("model.") or path[6:] in fields}


def _distribution(what: Choice | Range) -> BaseDistribution:
    if isinstance(what, Choice):
        return CategoricalDistribution(list(what.choose))
    if what.whole:
        return IntDistribution(int(what.low), int(what.high), log=what.log)
    return FloatDistribution(what.low, what.high, log=what.log)
