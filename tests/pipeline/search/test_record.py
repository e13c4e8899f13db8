"""Two searches of one study at the same moment: each trial counts once, and the slower search says so."""

from pathlib import Path

import pytest
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from heelstrike.errors import UserError
from pipeline.search.record import Record, open_storage
from pipeline.search.trial import Outcome


def test_a_trial_that_two_searches_add_at_the_same_moment_counts_once(tmp_path: Path) -> None:
    class Slow(RDBStorage):
        """Between the look for other trials and its own, another search has added one."""

        def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
            if template_trial is not None and not others:
                others.append(Record(faster, "study"))
                others[0].add(proposal)
            return super().create_new_trial(study_id, template_trial)

    others: list[Record] = []
    proposal = create_trial(state=TrialState.RUNNING)
    with open_storage(f"sqlite:///{tmp_path / 'study.db'}") as faster:
        slow = Record(Slow(f"sqlite:///{tmp_path / 'study.db'}"), "study")
        with pytest.raises(UserError, match="has got its trial 0 from another search at the same moment"):
            slow.add(proposal)
        with pytest.raises(UserError, match="has more than the 1 trials that this search knows of"):
            others[0].add(proposal)
        again = Record(faster, "study")
        again.add(proposal)
        for number in (0, 1):
            again.end(number, Outcome(state="complete", scores=(number,), rungs=(1,), score=number))
        later = Record(faster, "study")
        assert [trial.number for trial in later.trials()] == [0, 1]
        assert {number: outcome.score for number, outcome in later.outcomes().items()} == {0: 0.0, 1: 1.0}
        later.add(proposal)
        assert [trial.number for trial in Record(faster, "study").trials()] == [0, 1, 2]


def test_the_end_of_a_trial_that_another_search_has_written_is_a_message(tmp_path: Path) -> None:
    with open_storage(f"sqlite:///{tmp_path / 'study.db'}") as storage:
        record = Record(storage, "study")
        record.add(create_trial(state=TrialState.RUNNING))
        outcome = Outcome(state="complete", scores=(1.0,), rungs=(1,), score=1.0)
        Record(storage, "study").end(0, outcome)
        with pytest.raises(UserError, match="has the end of trial 0 already: another one has run it meanwhile"):
            record.end(0, outcome)
