"""Compare the deps and params of dvc.yaml with what each stage's code runs and reads; `--write` corrects dvc.yaml.

Run at the top of the repository, after code has been moved or an import has changed.
"""

import argparse
import sys
from pathlib import Path

from heelstrike.errors import UserError
from pipeline.dependencies.statement import differences, rewrite


def main() -> int:
    """Print each line to add or remove; 1 when there are any and they are not written."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.dependencies", description=__doc__)
    parser.add_argument("--write", action="store_true", help="correct dvc.yaml; its comments stay")
    arguments = parser.parse_args()
    try:
        lines = differences(Path.cwd())
        if lines and arguments.write:
            rewrite(Path.cwd())
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(lines) or "dvc.yaml states what every stage reads")
    return 0 if arguments.write or not lines else 1


if __name__ == "__main__":
    sys.exit(main())
