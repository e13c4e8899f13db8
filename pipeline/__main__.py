"""Run one stage of one problem: `python -m pipeline STAGE PROBLEM`. This is what dvc.yaml calls.

Examples:
    python -m pipeline collect rearfoot
    python -m pipeline train rearfoot
"""

import argparse
import importlib
import sys
from pathlib import Path

import pipeline.quiet  # noqa: F401 - first, so that telemetry is off before any library is imported
from heelstrike.files import clear_asides
from heelstrike.foreign import message_of
from pipeline.dependencies.inputs import inputs_of
from pipeline.dependencies.integrity import verify
from pipeline.dependencies.standing import unchanged
from pipeline.executors.choose import check_engines
from pipeline.executors.devices import devices, refuse_parts
from pipeline.layout import STAGES, Layout
from pipeline.params import load_params, problem_in


def main() -> int:
    """Import and run only the given stage; return 1 after a message if it fails."""
    parser = argparse.ArgumentParser(
        prog="python -m pipeline", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("problem", help="a name from `problems` in params.yaml")
    arguments = parser.parse_args()
    root = Path.cwd()
    try:
        run(root, arguments.stage, arguments.problem)
    except Exception as error:
        print(f"{arguments.stage}@{arguments.problem}: {message_of(error)}", file=sys.stderr)
        return 1
    return 0


def run(root: Path, stage: str, problem: str) -> None:
    """Run a stage, and check that its inputs are undamaged at its start and unchanged at its end.

    Raises:
        UserError: Anything is wrong with params.yaml, an input of the stage, or what names engine and devices.
    """
    check_engines()
    inputs = inputs_of(root, stage, problem)
    with unchanged(root, inputs):
        params = problem_in(load_params(root / "params.yaml"), problem)
        refuse_parts(params.train.parts, devices())
        verify(root, inputs)
        layout = Layout(root, problem)
        out, work = layout.out(stage), layout.work(stage)
        for folder in (out, out.parent, work, *work.glob("*/"), *work.glob("*/*/")):
            clear_asides(folder)
        importlib.import_module(f"pipeline.{stage}.stage").run(params, layout)


if __name__ == "__main__":
    sys.exit(main())
