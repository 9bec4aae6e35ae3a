"""Writes docs/ from the code, so that it cannot say what the code does not: `make docs`."""

import inspect
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path

from monitor.app import open_house
from monitor.cli import COMMANDS
from monitor.core import errors as core_errors
from monitor.dashboards.rules import runbook
from monitor.detectors import ARRIVALS, DETECTORS, STREAMS, TRAFFIC, USAGE
from monitor.service.metrics import METRICS
from monitor.settings import Settings

HERE = Path(__file__).parent


def pages() -> dict[str, str]:
    """Every generated file, by name."""
    return {
        "openapi.json": openapi(),
        "reference.md": "\n".join(reference()),
        "runbooks.md": runbook(),
    }


def openapi() -> str:
    """The OpenAPI document that a service with the default settings gives."""
    with tempfile.TemporaryDirectory() as directory:
        house = open_house(Settings(data_dir=Path(directory)))
        document = house.api.openapi()
        house.close()
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def reference() -> Iterator[str]:
    """The tables of everything that has a name, as lines of Markdown."""
    yield "# Reference"
    yield ""
    yield "Written by `make docs` from the code. Routes: [openapi.json](openapi.json)."
    yield from table("Detectors", ("Detector", "Finds"), detectors())
    yield from table("Metrics", ("Metric", "Means"), sorted(METRICS.items()))
    yield from table("Errors", ("Title", "Status", "When"), errors())
    yield from table("Settings", ("Setting", "Default"), settings())
    yield from table("Commands", ("Command", "Does"), commands())
    yield ""


def table(title: str, head: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """One table under its heading."""
    columns = list(head)
    yield from ("", f"## {title}", "", line(columns), line("---" for _ in columns))
    yield from (line([f"`{first}`", *rest]) for first, *rest in rows)


def line(cells: Iterable[object]) -> str:
    """One row of a table."""
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def sentence(thing: object) -> str:
    """The first paragraph of a docstring, on one line. Raises ValueError if there is none."""
    text = inspect.getdoc(thing)
    if not text:
        raise ValueError(f"{thing} has no docstring")
    return " ".join(text.split("\n\n")[0].split())


def detectors() -> list[tuple[str, str]]:
    """Name and meaning of each detector; streaming ones by their method too."""
    named = (*DETECTORS, *TRAFFIC, *USAGE, *ARRIVALS)
    listed = [(detector.name, sentence(type(detector))) for detector in named]
    listed += [(f"{s.name} ({method})", sentence(s)) for method, s in STREAMS.items()]
    return sorted(listed)


def errors() -> Iterator[tuple[str, int, str]]:
    """Title, status and meaning of each error that an answer may carry."""
    for kind in vars(core_errors).values():
        if isinstance(kind, type) and issubclass(kind, core_errors.WatchkeeperError):
            yield kind.title, kind.status, sentence(kind)


def settings() -> Iterator[tuple[str, str]]:
    """Name and default of each setting."""
    for field in fields(Settings):
        yield field.name, f"`{field.default}`"


def commands() -> Iterator[tuple[str, str]]:
    """Name and meaning of each command."""
    for command in COMMANDS:
        yield (
            f"watchkeeper {command.name}",
            (command.help or "").split("\n\n")[0].replace("\n", " "),
        )


def main() -> None:
    """Write every page beside this file."""
    for name, text in pages().items():
        (HERE / name).write_text(text)
        sys.stdout.write(f"docs/{name}\n")


if __name__ == "__main__":
    main()
