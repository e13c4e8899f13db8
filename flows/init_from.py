"""`heelstrike init-from`: fetches a registered network's weights, tries them, and prints the pin for params.yaml."""

from pathlib import Path

from rich.console import Console

from heelstrike.text import done, printable
from pipeline.layout import Layout
from pipeline.models.build import build_model
from pipeline.models.initial_weights import LoadedWeights
from pipeline.params import load_params, problem_in
from pipeline.registry.weights import pin
from pipeline.train.settings import ModelStart
from pipeline.train.start import load_pretrained

_LISTED = 8  # number of tensors that are listed for one reason


def run_init_from(problem: str, reference: str, root: Path, console: Console) -> None:
    """Fetch a version's weights, print which of them fit a problem's network, and print the pin.

    Raises:
        UserError: There is no such problem or version, or none of its tensors fits.
    """
    section = problem_in(load_params(root / "params.yaml"), problem)
    start = pin(root, reference)
    network = build_model(section.problem, section.model)
    pretrained = load_pretrained(
        network, section.train.model_copy(update={"init_from": start}), Layout(root, problem).root
    )
    assert pretrained is not None
    console.print(done(f"{problem} would take {pretrained.line()} of {start.reference}"))
    for line in _describe_left(pretrained):
        console.print(f"  {printable(line)}", highlight=False, markup=False)
    console.print(f"\nPut this into params.yaml, section {problem}.train:\n", highlight=False)
    console.print(pin_line(start), highlight=False, markup=False, soft_wrap=True)


def pin_line(start: ModelStart) -> str:
    """Return the line for params.yaml."""
    return f"    init_from: {{name: model, model: {start.model}, version: {start.version}, weights: {start.weights}}}"


def _describe_left(pretrained: LoadedWeights) -> list[str]:
    """Return a line for each reason why tensors are not taken, with the names of these tensors."""
    names_by_reason: dict[str, list[str]] = {}
    for name, reason in pretrained.left.items():
        names_by_reason.setdefault(reason, []).append(name)
    lines = []
    for reason, names in names_by_reason.items():
        more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
        lines.append(f"left, {reason}: {', '.join(names[:_LISTED])}{more}")
    lines += [f"input channels adapted: {', '.join(pretrained.adapted)}"] if pretrained.adapted else []
    return lines + ([f"{pretrained.unused} of its tensors are not used"] if pretrained.unused else [])
