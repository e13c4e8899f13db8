"""The code of a stage: the modules that its `stage.py` imports, directly or not, and the files that these name."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.dependencies.source import SourceCode

PARAMS = "pipeline.params"

# Modules that no stage depends on, and why editing them cannot change a stage's output.
EXEMPT = {
    "heelstrike": "the names that a consumer imports; a stage imports the modules below it",
    "heelstrike.errors": "the text of a message",
    "heelstrike.progress": "the display while a stage runs",
    PARAMS: "checks params.yaml; a stage depends on the settings of the sections that it reads",
    "pipeline.quiet": "turns off telemetry",
}


@dataclass(frozen=True)
class Closure:
    """Code and settings of one stage.

    Attributes:
        files: Paths of modules, templates and other files, relative to the root.
        sections: Sections of a problem in params.yaml that the code reads, in the order of `ProblemParams`.
    """

    files: frozenset[str]
    sections: tuple[str, ...]


def closure_of(source: SourceCode, stage: str) -> Closure:
    """Return all code that the stage runs.

    The imports of `pipeline.params` are not followed, since it imports the settings of all rooms only to check them.
    The settings of the sections that the stage's code reads are added instead, since their defaults count.
    """
    settings = _settings_by_section(source)
    modules = _imported(source, [f"pipeline.{stage}.stage"])
    known = frozenset(settings)
    sections = {section for module in modules for section in _sections_read(source.tree(module), known)}
    modules |= _imported(source, [module for section in sections for module in settings[section]])
    paths = [source.modules[module] for module in modules - source.empty] + _files_named(source, modules)
    aliases = _aliases(source)
    return Closure(
        frozenset(path.relative_to(source.root).as_posix() for path in paths),
        tuple(aliases.get(section, section) for section in settings if section in sections),
    )


def _imported(source: SourceCode, starts: Iterable[str]) -> set[str]:
    imported, waiting = set[str](), list(starts)
    while waiting:
        module = waiting.pop()
        if module not in imported and module not in EXEMPT:
            imported.add(module)
            waiting += source.imports(module)
    return imported


def _files_named(source: SourceCode, modules: set[str]) -> list[Path]:
    """Return the files that a module names, and the files beside these that they name in turn: included templates."""
    named = [file for file in source.files if any(source.names_file(module, file) for module in modules)]
    for file in named:
        text = file.read_text(errors="replace")
        beside = [other for other in source.files if other.parent == file.parent and other not in named]
        named += [other for other in beside if other.name in text]
    return named


def _fields(source: SourceCode) -> list[ast.AnnAssign]:
    """Return the fields of `ProblemParams`, which are the sections of a problem."""
    classes = [node for node in source.tree(PARAMS).body if isinstance(node, ast.ClassDef)]
    problem = next(node for node in classes if node.name == "ProblemParams")
    return [node for node in problem.body if isinstance(node, ast.AnnAssign)]


def _settings_by_section(source: SourceCode) -> dict[str, list[str]]:
    """Return, for each field of `ProblemParams`, the modules of the settings classes in its annotation."""
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


def _aliases(source: SourceCode) -> dict[str, str]:
    """Return the names in params.yaml of those fields of `ProblemParams` that have another name there."""
    return {
        ast.unparse(field.target): str(ast.literal_eval(keyword.value))
        for field in _fields(source)
        for keyword in ast.walk(field.annotation)
        if isinstance(keyword, ast.keyword) and keyword.arg == "alias"
    }


@cache
def _sections_read(tree: ast.Module, sections: frozenset[str]) -> set[str]:
    """Sections read as attributes of `params`, `x.params`, `x._params` or an argument of type `ProblemParams`."""
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
