"""The repository's modules as text: their imports, and the files that they name. No module is imported for this."""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path

from heelstrike.errors import UserError

PACKAGES = ("heelstrike", "pipeline")
_LISTING = {"iter_modules", "walk_packages"}


class SourceCode:
    """The source code of a repository.

    Attributes:
        root: The repository root.
        modules: Path of every module of `PACKAGES`, by dotted name.
        files: All other files in the packages: templates, style sheets, YAML.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        paths = [path for package in PACKAGES for path in sorted((root / package).rglob("*")) if path.is_file()]
        self.modules = {_dotted(path.relative_to(root)): path for path in paths if path.suffix == ".py"}
        self.files = [path for path in paths if path.suffix not in (".py", ".pyc") and not path.name.startswith(".")]
        self.imports = cache(self._imports)
        self.strings = cache(self._strings)
        self.tree = cache(self._tree)

    @cached_property
    def empty(self) -> set[str]:
        """Modules that hold a docstring and no code."""
        return {name for name in self.modules if all(_is_docstring(node) for node in self.tree(name).body)}

    def _tree(self, name: str) -> ast.Module:
        return ast.parse(self.modules[name].read_text(), str(self.modules[name]))

    def _imports(self, name: str) -> frozenset[str]:
        """Return the repository's modules that a module imports: at its top, in a function, or by name in a string.

        The packages around an imported module count as imported. Imports for type checkers only do not count.

        Raises:
            UserError: The module has an import that cannot be followed.
        """
        imported = set[str]()
        for node in _executed(self.tree(name)):
            if isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                imported.update(self._from(node, name))
        if _LISTING & {node.attr for node in ast.walk(self.tree(name)) if isinstance(node, ast.Attribute)}:
            raise UserError(f"{self.modules[name]}: modules listed by pkgutil cannot be followed; name them")
        for string in self.strings(name):
            if string.startswith(tuple(f"{package}." for package in PACKAGES)):
                module_name = string.partition(":")[0]  # `pkgutil.resolve_name` takes module:object
                pattern = re.compile(re.escape(module_name).replace(r"\*", "[^.]+"))
                imported.update(module for module in self.modules if pattern.fullmatch(module))
        return frozenset(parent for module in imported & self.modules.keys() for parent in _with_parents(module))

    def _from(self, node: ast.ImportFrom, name: str) -> Iterator[str]:
        if node.level or node.module is None:
            raise UserError(f"{self.modules[name]}:{node.lineno}: a relative import; write the module's whole name")
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def _strings(self, name: str) -> frozenset[str]:
        """Return the module's strings; a replacement field of an f-string becomes `*`."""
        strings = set[str]()
        for node in ast.walk(self.tree(name)):
            if isinstance(node, ast.JoinedStr):
                strings.add("".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                strings.add(node.value)
        return frozenset(strings)

    def names_file(self, module: str, file: Path) -> bool:
        """Return True if the module names this file, or a folder that contains it.

        A folder's name or a pattern (`*.j2`) counts for the files of the module's own package only.
        """
        strings = self.strings(module)
        if file.name in strings:
            return True
        package = next(folder for folder in file.parents if (folder / "__init__.py").is_file())
        if not self.modules[module].is_relative_to(package):
            return False
        folders = set(file.relative_to(package).parts[:-1])
        patterns = [string for string in strings if "*" in string and re.search(r"\w", string)]
        return bool(folders & strings) or any(fnmatchcase(file.name, pattern) for pattern in patterns)


def _dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _with_parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every node below this one, except those below `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from _executed(child)
