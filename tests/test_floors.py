"""The house stands as ARCHITECTURE.md draws it: who may import whom, and how long things are."""

import ast
import re
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sources import ROOT, ROOTS, Source, sources

IMPORT_NAMES = {"scikit-learn": "sklearn"}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base"}
SOURCES = sources()
MODULES = {source.module: source for source in SOURCES}


@dataclass(frozen=True)
class Floor:
    """One row of the table: a package, what it may import of ours, and of others."""

    package: str
    ours: frozenset[str] | None
    """None: everything."""
    others: frozenset[str] | None
    """None: the table names no list."""


def table() -> Iterator[Floor]:
    """The rows of the table under "The floors are kept by"."""
    text = (ROOT / "ARCHITECTURE.md").read_text().split("The floors are kept by", 1)[1]
    for line in text.split("\n\n")[1].splitlines()[2:]:
        packages, ours, others = (cell.strip() for cell in line.split("|")[1:4])
        for package in re.findall(r"`([\w.]+)`", packages):
            yield Floor(package, _ours(ours), _others(others))


def _ours(cell: str) -> frozenset[str] | None:
    return None if cell == "everything" else frozenset(re.findall(r"`([\w.]+)`", cell))


def _others(cell: str) -> frozenset[str] | None:
    listed = cell.split(";", maxsplit=1)[0].strip()
    if listed == "the standard library":
        return frozenset()
    names = listed.split(", ")
    if not all(re.fullmatch(r"[\w-]+", name) for name in names) or not listed:
        return None
    return frozenset(IMPORT_NAMES.get(name, name) for name in names)


FLOORS = list(table())


def floor_of(module: str) -> Floor | None:
    """The row with the longest name that the module stands under."""
    standing = [f for f in FLOORS if module == f.package or module.startswith(f.package + ".")]
    return max(standing, key=lambda f: len(f.package), default=None)


def of_ours(source: Source) -> set[str]:
    """Modules of ours that a module imports."""
    return {_module(name) for name in source.imports} - {source.module, ""}


def _module(name: str) -> str:
    """The module of ours that holds a dotted name; empty if none does."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name


def of_others(source: Source) -> set[str]:
    """What a module imports of others; of the client's, only what it cannot be imported without."""
    client = source.module.partition(".")[0] == "watchkeeper"
    tops = {name.partition(".")[0] for name in (source.needs if client else source.imports)}
    return tops - set(sys.stdlib_module_names) - set(ROOTS) - {""}


def test_the_table_is_read_as_it_stands():
    assert {f.package for f in FLOORS} >= {"monitor.core", "monitor.app", "trainer", "watchkeeper"}
    assert floor_of("monitor.core.rows") == Floor("monitor.core", frozenset(), frozenset({"numpy"}))
    assert floor_of("monitor.app").ours is None


def test_every_module_stands_on_a_floor():
    bare = {"monitor", "monitor.settings", "monitor.__main__"}

    assert {s.module for s in SOURCES if floor_of(s.module) is None} <= bare


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.module)
def test_a_module_imports_of_ours_only_what_its_floor_allows(source):
    floor = floor_of(source.module)
    allowed = frozenset() if floor is None else floor.ours
    if allowed is None:
        return
    roof = {"monitor", "trainer", "watchkeeper"}  # a package's own docstring file holds nothing
    homes = {*allowed, floor.package} if floor else {"monitor.core"}
    arrows = {name for name in of_ours(source) if name not in roof - {source.package}}

    assert {a for a in arrows if not _under(a, homes)} == set()


def _under(module: str, homes: set[str]) -> bool:
    return any(module == home or module.startswith(home + ".") for home in homes)


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.module)
def test_a_module_imports_of_others_only_what_its_floor_allows(source):
    floor = floor_of(source.module)
    if floor is None or floor.others is None:
        return
    beneath = [f.others or frozenset() for f in FLOORS if f.package in (floor.ours or ())]
    own_framework = {source.path.stem} if floor.package == "watchkeeper" else set()

    assert of_others(source) - floor.others.union(*beneath) - own_framework == set()


def test_no_modules_import_each_other_in_a_circle():
    arrows = {source.module: of_ours(source) - ROOTS.keys() for source in SOURCES}

    assert [ring for ring in circles(arrows) if len(ring) > 1] == []


def circles(arrows: dict[str, set[str]]) -> list[set[str]]:
    """The strongly connected parts (a module reaches each of its part, and is reached by it)."""
    reach = {module: reachable(module, arrows) for module in arrows}
    parts = [{m for m in reach[module] if module in reach[m]} | {module} for module in arrows]
    return [part for i, part in enumerate(parts) if part not in parts[:i]]


def reachable(module: str, arrows: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [module]
    while waiting:
        for following in arrows.get(waiting.pop(), set()) - found:
            found.add(following)
            waiting.append(following)
    return found


def test_a_circle_would_be_found():
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}

    assert {"a", "b", "c"} in circles(arrows)
    assert {"d"} in circles(arrows)


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.module)
def test_a_file_opens_with_one_sentence_is_short_and_has_a_noun_for_a_name(source):
    first, *_ = _docstring(source).split("\n\n")

    assert first.strip().endswith("."), "a file opens with one sentence that says what it is"
    assert source.lines <= 400
    assert source.path.stem not in FORBIDDEN_NAMES


def _docstring(source: Source) -> str:
    return ast.get_docstring(source.tree) or ""


def test_files_and_functions_keep_the_bounds_of_style():
    files = [source.lines for source in SOURCES]
    functions = [n for source in SOURCES for _, n in source.function_lengths()]

    assert statistics.median(files) <= 100
    assert percentile(files, 95) <= 250
    assert statistics.median(functions) <= 8
    assert percentile(functions, 95) <= 30


def percentile(values: list[int], share: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]
