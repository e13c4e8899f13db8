"""The search space: Optuna draws an architecture and settings, which become the sections of a training plan."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, Trial, create_trial
from pydantic import BaseModel, ValidationError

from heelstrike.errors import UserError
from pipeline.models.settings import ModelSettings
from pipeline.params import ProblemParams
from pipeline.search.entries import Choice, Entry, changed, has_setting, in_order
from pipeline.search.settings import ARCHITECTURE

Sections = dict[str, dict[str, Any]]
_NONE = object()


class Space:
    """The search space of one problem.

    Attributes:
        candidates: Label -> architecture; the first is the architecture of params.yaml.
    """

    def __init__(self, params: ProblemParams) -> None:
        self._params, self._space = params, params.search.space
        self._order = in_order(self._space)
        self.candidates: dict[str, ModelSettings] = {}
        for settings in (params.model, *params.search.architectures):
            if settings not in self.candidates.values():
                same = sum(candidate.name == settings.name for candidate in self.candidates.values())
                self.candidates[f"{settings.name}-{same + 1}" if same else settings.name] = settings
        for number, values in enumerate(params.search.first):
            if values.get(ARCHITECTURE, next(iter(self.candidates))) not in self.candidates:
                raise UserError(
                    f"search.first.{number} has {ARCHITECTURE} {values[ARCHITECTURE]!r}, which is no candidate; there "
                    f"are {', '.join(self.candidates)}"
                )

    def draw(self, trial: Trial) -> None:
        """Let Optuna suggest a value for each setting that a trial may choose."""
        label = next(iter(self.candidates))
        if len(self.candidates) > 1:
            label = trial.suggest_categorical(ARCHITECTURE, list(self.candidates))

        def suggest(path: str, entry: Entry, _: Any) -> Any:
            if isinstance(entry, Choice):
                return trial.suggest_categorical(path, list(entry.choose))
            if entry.whole:
                return trial.suggest_int(path, int(entry.low), int(entry.high), log=entry.log)
            return trial.suggest_float(path, entry.low, entry.high, log=entry.log)

        self._walk(label, suggest)

    def given(self) -> FrozenTrial:
        """Return a trial with the settings of params.yaml. Optuna ignores values outside the space."""
        return self.fixed({})

    def first(self) -> list[FrozenTrial]:
        """Return the trials that come before Optuna's own: the settings of params.yaml, and those of `search.first`.

        Settings that are there already are left out.
        """
        trials = [self.given()]
        for values in self._params.search.first:
            trial = self.fixed(values)
            if all(trial.params != other.params for other in trials):
                trials.append(trial)
        return trials

    def fixed(self, values: dict[str, Any]) -> FrozenTrial:
        """Return a trial with these values, and those of params.yaml for what they leave out."""
        label = values.get(ARCHITECTURE, next(iter(self.candidates)))
        params: dict[str, Any] = {ARCHITECTURE: label} if len(self.candidates) > 1 else {}
        distributions: dict[str, BaseDistribution] = {ARCHITECTURE: CategoricalDistribution(list(self.candidates))}

        def take(path: str, entry: Entry, current: Any) -> Any:
            value = self._as_chosen(label, path, entry, values.get(path, current))
            if entry.holds(value):
                params[path], distributions[path] = value, _distribution(entry)
            return value

        self._walk(label, take)
        return create_trial(value=0.0, params=params, distributions={path: distributions[path] for path in params})

    def entry(self, model: dict[str, Any], values: dict[str, Any]) -> dict[str, Any] | None:
        """Return settings that were used before as an entry of `search.first`.

        Args:
            model: Settings of the network.
            values: Other settings by path; those of the network may be among them.

        Returns:
            The values that the space varies; `None` if no candidate is such a network.
        """
        used: Sections = {"model": json.loads(json.dumps(model))}
        for path, value in values.items():
            if path.startswith("model.") and value_at(used, path) is not _NONE:
                _section_of(used, path)[path.split(".")[-1]] = value
        label = next((label for label in self.candidates if self._is_like(label, used)), None)
        if label is None:
            return None
        found = {path: value_at(used, path) for path in self._order if path.startswith("model.")}
        found |= {path: value for path, value in values.items() if not path.startswith("model.")}
        found = {path: value for path, value in found.items() if value is not _NONE}
        varied = self.fixed({ARCHITECTURE: label, **found}).params
        return {path: value for path, value in varied.items() if path == ARCHITECTURE or path in found} or None

    def _is_like(self, label: str, used: Sections) -> bool:
        """True if a network differs from a candidate only in settings that the space varies."""
        mine: Sections = {"model": self.candidates[label].model_dump(mode="json")}
        for path in self._order:
            if _NONE not in (value := value_at(used, path), value_at(mine, path)):
                _section_of(mine, path)[path.split(".")[-1]] = value
        return mine == used

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

    def _as_chosen(self, label: str, path: str, entry: Entry, value: Any) -> Any:
        """Return a value as the entry spells it: `{name: softmax, sigma: 1.5}` may be what `softmax` stands for."""
        if not isinstance(entry, Choice) or not isinstance(value, dict):
            return value
        section, *names = path.split(".")
        for choice in entry.choose:
            with contextlib.suppress(ValidationError):
                dumped = {section: changed(self._given(label)[section], names, choice).model_dump(mode="json")}
                if value_at(dumped, path) == value:
                    return choice
        return value

    def _given(self, label: str) -> dict[str, BaseModel]:
        return {"model": self.candidates[label], "train": self._params.train, "augment": self._params.augment}

    def _walk(self, label: str, value_of: Callable[[str, Entry, Any], Any]) -> None:
        """Call a function for each entry that applies to a trial, with its path and the present value.

        What it returns is the setting's value for the conditions of later entries.
        """
        given = self._given(label)
        sections = self.sections({ARCHITECTURE: label})
        for path in self._order:
            section, *names = path.split(".")
            entry = self._space[path]
            if has_setting(given[section], names) and _are_met(entry.when, sections):
                owner = _section_of(sections, path)
                owner[names[-1]] = value_of(path, entry, owner[names[-1]])


def _are_met(when: dict[str, tuple[Any, ...]], sections: Sections) -> bool:
    """True if each setting has one of the values; one with settings of its own counts by its name."""
    found = {path: value_at(sections, path) for path in when}
    names = {path: value.get("name") if isinstance(value, dict) else value for path, value in found.items()}
    return all(names[path] in values for path, values in when.items())


def value_at(sections: Any, path: str) -> Any:
    """Return the value of a setting; a value that equals no other if there is no such setting."""
    for name in path.split("."):
        if not isinstance(sections, dict) or name not in sections:
            return _NONE
        sections = sections[name]
    return sections


def _section_of(sections: Sections, path: str) -> dict[str, Any]:
    """Return the (nested) section that holds the setting at this path."""
    section: dict[str, Any] = sections
    for name in path.split(".")[:-1]:
        section = section[name]
    return section


def _distribution(values: Entry) -> BaseDistribution:
    if isinstance(values, Choice):
        return CategoricalDistribution(list(values.choose))
    if values.whole:
        return IntDistribution(int(values.low), int(values.high), log=values.log)
    return FloatDistribution(values.low, values.high, log=values.log)
