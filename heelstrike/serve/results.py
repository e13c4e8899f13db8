"""Where the result of a file is."""

from pathlib import Path

from heelstrike.predict.files import result_path
from heelstrike.serve.problems import missing
from heelstrike.serve.records import Evaluation
from heelstrike.serve.service import Service


def result_of(service: Service, record: Evaluation, job: str, name: str) -> Path:
    """Return the path of the JSON of a file's result.

    Raises:
        RequestError: There is no such job, file or result, or the result is that of a deleted file of the same name.
    """
    state = service.jobs.get(record.id, job)
    stored, _ = service.evaluations.file(record.id, name)
    path = result_path(service.jobs.results(state) / stored.name, ".json")
    of_another_file = state.started is None or state.started < stored.uploaded
    if state.state != "done" or of_another_file or not path.exists():
        raise missing("result")
    return path
