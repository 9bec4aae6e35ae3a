"""The sources as data: files, what they import, how long their functions are."""

import ast
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOTS = {"monitor": ROOT, "trainer": ROOT, "watchkeeper": ROOT / "adapters"}


@dataclass(frozen=True)
class Source:
    """One module of ours."""

    module: str
    path: Path

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(), str(self.path))

    @property
    def lines(self) -> int:
        return len(self.path.read_text().splitlines())

    @property
    def package(self) -> str:
        """Where its relative imports start."""
        if self.path.name == "__init__.py":
            return self.module
        return self.module.rpartition(".")[0]

    @cached_property
    def imports(self) -> frozenset[str]:
        """Every dotted name imported, anywhere in the file, for types too."""
        return frozenset(self._imports(ast.walk(self.tree)))

    @cached_property
    def needs(self) -> frozenset[str]:
        """Every dotted name imported when the module is."""
        return frozenset(self._imports(self.tree.body))

    def _imports(self, nodes: Iterable[ast.AST]) -> Iterator[str]:
        for node in nodes:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                start = self._start(node)
                yield start
                yield from (f"{start}.{alias.name}" for alias in node.names)

    def _start(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.package.split(".")
        above = parts[: len(parts) - node.level + 1]
        return ".".join([*above, node.module] if node.module else above)

    def function_lengths(self) -> Iterator[tuple[str, int]]:
        """Name and lines, decorators and docstring left out, of each function."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                yield f"{self.module}.{node.name}", length - _docstring_lines(node)


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if ast.get_docstring(node, clean=False) is None:
        return 0
    text = node.body[0]
    return (text.end_lineno or text.lineno) - text.lineno + 1


def sources() -> list[Source]:
    """Every module under `monitor`, `trainer` and `watchkeeper`."""
    return [
        Source(_module(path, root), path)
        for package, root in ROOTS.items()
        for path in sorted((root / package).rglob("*.py"))
    ]


def _module(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tracked() -> list[Path]:
    """Every file of the repository that is, or is about to be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]
