"""Skips fail a run where they are forbidden, and only there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SKIPS = "import pytest\n\ndef test_it():\n    pytest.skip('no tool')\n"
SKIPS_WHOLE = "import pytest\n\npytest.skip('no tool', allow_module_level=True)\n"
PASSES = "def test_it():\n    assert True\n"


def run(
    directory: Path, text: str, forbidden: str, *flags: str
) -> subprocess.CompletedProcess[str]:
    (directory / "conftest.py").write_text((Path(__file__).parent / "conftest.py").read_text())
    (directory / "pytest.ini").write_text(f"[pytest]\npythonpath = {Path(__file__).parent}\n")
    (directory / "test_given.py").write_text(PASSES)
    (directory / "test_it.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *flags],
        cwd=directory,
        env=os.environ | {"WATCHKEEPER_NO_SKIPS": forbidden},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("text", [SKIPS, SKIPS_WHOLE])
@pytest.mark.parametrize("flags", [(), ("-n", "2", "--dist", "loadfile")])
def test_a_skip_fails_the_run_where_it_is_forbidden(tmp_path, text, flags):
    done = run(tmp_path, text, "1", *flags)

    assert done.returncode == 1
    assert "1 skipped, and a skip is a failure here" in done.stdout


@pytest.mark.parametrize(("text", "forbidden"), [(SKIPS, ""), (PASSES, "1")])
def test_without_a_forbidden_skip_the_run_passes(tmp_path, text, forbidden):
    done = run(tmp_path, text, forbidden)

    assert done.returncode == 0
    assert "failure here" not in done.stdout
