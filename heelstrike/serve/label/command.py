"""`heelstrike labels`: the labels in a service's data folder, also while the service runs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heelstrike.errors import UserError
from heelstrike.terminal import console, messages
from heelstrike.text import plain

if TYPE_CHECKING:
    from heelstrike.serve.label.records import LabelFile
    from heelstrike.serve.records import Evaluation

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Hand over the labels that were made in `heelstrike serve`, and compare the people who made them.",
)

Data = Annotated[Path | None, typer.Option(help="The service's data folder, as for `heelstrike serve`.")]
Problem = Annotated[str | None, typer.Option(help="Name of the problem; not needed if there is only one.")]


@app.command()
def agreement(
    data: Data = None,
    problem: Problem = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Say how far people agree who labelled the same frames, in pixels and in degrees.

    [bold]Examples[/]

    heelstrike labels agreement

    heelstrike labels agreement --problem rearfoot --json > agreement.json
    """
    with messages():
        from heelstrike.serve.label.agreement import agreements
        from heelstrike.serve.label.words import agreement_lines

        files = [labels for _, _, found in _stored(data) for labels in found]
        found = [one for one in agreements(files) if problem in (None, one.problem)]
        if as_json:
            typer.echo(json.dumps([one.model_dump(mode="json") for one in found], indent=2))
            return
        if not found:
            console.print("No two people have labelled the same frame, neither seeing what the other had said.")
        for one in found:
            for line in agreement_lines(one):
                console.print(plain(line), soft_wrap=True)


@app.command("hand-over")
def hand_over_labels(
    evaluation: Annotated[str, typer.Argument(help="Name or id of the evaluation.")],
    subject: Annotated[
        str, typer.Option(help="Code of the person who is shown: the same in all evaluations of one person.")
    ],
    to: Annotated[Path, typer.Option(help="Folder of the inboxes.")] = Path("data/inbox"),
    data: Data = None,
    problem: Problem = None,
    who: Annotated[str, typer.Option(help="Who hands over.")] = "operator",
) -> None:
    """Put the labels of an evaluation with their videos and images where `heelstrike ingest` finds them.

    [bold]Examples[/]

    heelstrike labels hand-over "P-1042, barefoot" --subject P-1042

    heelstrike labels hand-over 3f9c0a --subject P-1042 --to ~/checkout/data/inbox
    """
    with messages():
        from heelstrike.serve.label.handover import hand_over

        folder, record, files = _named(data, evaluation)
        chosen = _of_problem(files, problem, record.name)
        done = hand_over(folder, record, chosen, to, subject, who)
        console.print(plain(f"{done.labels} labels of {record.name} are in {done.folder}; `heelstrike ingest` is next"))


def _stored(data: Path | None) -> "Iterator[tuple[Path, Evaluation, list[LabelFile]]]":
    from heelstrike.serve.evaluations import stored_evaluations
    from heelstrike.serve.label.store import labels_in
    from heelstrike.serve.settings import default_data_folder

    for folder, record in stored_evaluations(data or default_data_folder()):
        yield folder, record, labels_in(folder, record)


def _named(data: Path | None, name: str) -> "tuple[Path, Evaluation, list[LabelFile]]":
    known = [(folder, record, files) for folder, record, files in _stored(data) if files]
    found = [one for one in known if name in (one[1].id, one[1].name)] or [
        one for one in known if one[1].id.startswith(name)
    ]
    if len(found) != 1:
        names = ", ".join(f"{record.name} ({record.id})" for _, record, _ in (found or known)) or "none"
        raise UserError(f"{name}: {len(found)} evaluations with labels have this name or id; there are {names}")
    return found[0]


def _of_problem(files: "list[LabelFile]", problem: str | None, name: str) -> "list[LabelFile]":
    problems = sorted({labels.target.problem for labels in files})
    if problem is None and len(problems) == 1:
        problem = problems[0]
    if problem not in problems:
        raise UserError(f"{name}: has labels of {', '.join(problems)}; name one of them with --problem")
    return [labels for labels in files if labels.target.problem == problem]
