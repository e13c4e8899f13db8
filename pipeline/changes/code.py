"""The functions that differ between two texts of a Python module. Comments, docstrings and layout do not count."""

import ast
from collections.abc import Iterator

IMPORTS, STATEMENTS = "imports", "statements of the module"


def changed_definitions(old: str, new: str) -> list[str]:
    """Return the names of what differs: functions, methods (`Class.name`), constants, `imports`.

    Args:
        old: Text of the module before; empty for a new module.
        new: Text of the module now; empty for a removed one.

    Returns:
        Names in the order of the new text, removed ones last, each with ` (new)` or ` (removed)` if it has no
        counterpart. The list is empty if only comments, docstrings or layout differ.

    Raises:
        SyntaxError: A text is no Python.
    """
    before, after = _definitions(old), _definitions(new)
    changed = [name if name in before else f"{name} (new)" for name in after if after[name] != before.get(name)]
    return changed + [f"{name} (removed)" for name in before if name not in after]


def _definitions(text: str) -> dict[str, str]:
    """Return the code of every definition, in a form that does not depend on comments, docstrings and layout."""
    parts: dict[str, list[str]] = {}
    for name, code in _parts(ast.parse(text).body, ""):
        parts.setdefault(name, []).append(code)
    return {name: "\n".join(codes) for name, codes in parts.items()}


def _parts(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, str]]:
    for node in _without_docstring(body):
        if isinstance(node, ast.ClassDef):
            yield f"{prefix}{node.name}", _class_line(node)
            yield from _parts(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{node.name}", _code_of(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield f"{prefix}{IMPORTS}", _code_of(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield f"{prefix}{', '.join(map(ast.unparse, targets))}", _code_of(node)
        elif not _is_text(node):
            yield f"{prefix}{STATEMENTS}", _code_of(node)


def _class_line(node: ast.ClassDef) -> str:
    """Return the code of a class without its body: bases and decorators."""
    return "\n".join(map(_code_of, [*node.decorator_list, *node.bases, *node.keywords]))


def _code_of(node: ast.AST) -> str:
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner.body = _without_docstring(inner.body) or [ast.Pass()]
    return ast.dump(node)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    return body[1:] if body and _is_text(body[0]) else body


def _is_text(node: ast.stmt) -> bool:
    """Return True for a string that stands alone: a docstring, or one below an assignment."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
