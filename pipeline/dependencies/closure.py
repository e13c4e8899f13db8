"""What a stage runs: the modules that its `stage.py` imports, on and on, and the files that these name."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.dependencies.source import Source

PARAMS = "pipeline.params"

# Modules that no stage depends on, and why an edit of them cannot change what a stage writes.
EXEMPT = {
    "heelstrike": "what a consumer imports; a stage only passes through it to a module below",
    "heelstrike.errors": "the text of a message",
    "heelstrike.progress": "what is drawn while a stage runs",
    PARAMS: "checks params.yaml; a stage depends on the settings of the sections that it reads",
    "pipeline.quiet": "turns off what phones home",
}


@dataclass(frozen=True)
class Closure:
    """What one stage runs and reads.

    Attributes:
        files: Modules, templates and other files, relative to the root.
        sections: Sections of a problem in params.yaml that the code reads, in the order of `ProblemParams`.
    """

    files: frozenset[str]
    sections: tuple[str, ...]


def closure_of(source: Source, stage: str) -> Closure:
    """Everything that the stage runs.

    `pipeline.params` imports the settings of all rooms, only to check them. So it is not followed; the settings of the
    sections that the stage's code reads are, since their defaults count.
    """
    settings = _settings_by_section(source)
    modules = _reached(source, [f"pipeline.{stage}.stage"])
    known = frozenset(settings)
    sections = {section for module in modules for section in _sections_read(source.tree(module), known)}
    modules |= _reached(source, [module for section in sections for module in settings[section]])
    paths = [source.modules[module] for module in modules - source.empty] + _files_named(source, modules)
    aliases = _aliases(source)
    return Closure(
        frozenset(path.relative_to(source.root).as_posix() for path in paths),
        tuple(aliases.get(section, section) for section in settings if section in sections),
    )


def _reached(source: Source, starts: Iterable[str]) -> set[str]:
    reached, ahead = set[str](), list(starts)
    while ahead:
        module = ahead.pop()
        if module not in reached and module not in EXEMPT:
            reached.add(module)
            ahead += source.imports(module)
    return reached


def _files_named(source: Source, modules: set[str]) -> list[Path]:
    """Files that a module names, and those that such a file names in turn, as a template does that includes another."""
    named = [file for file in source.files if any(source.names_file(module, file) for module in modules)]
    for file in named:
        text = file.read_text(errors="replace")
        named += [other for other in source.files if other not in named and other.name in text]
    return named


def _fields(source: Source) -> list[ast.AnnAssign]:
    """The fields of `ProblemParams`: the sections of a problem."""
    classes = [node for node in source.tree(PARAMS).body if isinstance(node, ast.ClassDef)]
    problem = next(node for node in classes if node.name == "ProblemParams")
    return [node for node in problem.body if isinstance(node, ast.AnnAssign)]


def _settings_by_section(source: Source) -> dict[str, list[str]]:
    """The modules of the settings classes that each field of `ProblemParams` is annotated with."""
    origin = {
        alias.asname or alias.name: node.module
        for node in source.tree(PARAMS).body
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
    }
    return {
        ast.unparse(field.target): [
            origin[node.id]
            for node in ast.walk(field.annotation)
            if isinstance(node, ast.Name) and origin.get(node.id) in source.modules
        ]
        for field in _fields(source)
    }


def _aliases(source: Source) -> dict[str, str]:
    """What a field of `ProblemParams` is called in params.yaml, where that differs."""
    return {
        ast.unparse(field.target): str(ast.literal_eval(keyword.value))
        for field in _fields(source)
        for keyword in ast.walk(field.annotation)
        if isinstance(keyword, ast.keyword) and keyword.arg == "alias"
    }


@cache
def _sections_read(tree: ast.Module, sections: frozenset[str]) -> set[str]:
    """Sections read as attributes of `params`, `x.params`, `x._params` or an argument annotated `ProblemParams`."""
    arguments = [node for node in ast.walk(tree) if isinstance(node, ast.arg) and node.annotation is not None]
    names = {"params", "_params"} | {
        node.arg for node in arguments if node.annotation and "ProblemParams" in ast.unparse(node.annotation)
    }
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in sections and _last_name(node.value) in names
    }


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
