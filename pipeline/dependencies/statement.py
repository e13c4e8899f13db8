"""Comparison of each stage's deps and params in dvc.yaml with the source code, and their correction."""

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from heelstrike.files import write_aside
from pipeline.dependencies.closure import closure_of
from pipeline.dependencies.cover import code_deps
from pipeline.dependencies.source import PACKAGES, SourceCode
from pipeline.layout import STAGES


def differences(root: Path) -> list[str]:
    """Return the lines to add to and remove from dvc.yaml, each as `stage: add deps - path`."""
    source, stages = SourceCode(root), _load(root)["stages"]
    return [
        f"{stage}: {verb} {key} - {entry}"
        for stage in STAGES
        for key, (stated, right) in _compared(source, stage, stages[stage]["do"]).items()
        for verb, entries in (("add", right), ("remove", stated))
        for entry in entries
        if (entry in right) != (entry in stated)
    ]


def rewrite(root: Path) -> None:
    """Correct deps and params of every stage in dvc.yaml; everything else, comments included, stays as it is."""
    source, document = SourceCode(root), _load(root)
    for stage in STAGES:
        body = document["stages"][stage]["do"]
        for key, (stated, right) in _compared(source, stage, body).items():
            if set(stated) == set(right):
                continue
            data = [entry for entry in body[key] if entry not in stated]
            entries = CommentedSeq([*right, *data])
            if key == "params":
                entries.fa.set_flow_style()
            body[key] = entries
    text = io.StringIO()
    _yaml().dump(document, text)
    with write_aside(root / "dvc.yaml") as aside:
        aside.write_text(text.getvalue())


def _compared(source: SourceCode, stage: str, body: CommentedMap) -> dict[str, tuple[list[str], list[str]]]:
    """Return the stated and the right entries, for the deps on code and for the sections of params.yaml."""
    closure = closure_of(source, stage)
    in_code = tuple(f"{package}/" for package in PACKAGES)
    stated = [dep for dep in body["deps"] if f"{dep}/".startswith(in_code)]
    return {
        "deps": (stated, code_deps(source, closure.files)),
        "params": (list(body["params"]), [_quoted(f"${{item}}.{section}") for section in closure.sections]),
    }


def _quoted(text: str) -> str:
    return DoubleQuotedScalarString(text)


def _load(root: Path) -> Any:
    return _yaml().load((root / "dvc.yaml").read_text())


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
