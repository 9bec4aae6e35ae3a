"""The child's command line."""

import subprocess
import sys


def test_wrong_usage_ends_with_2_and_one_line(tmp_path):
    for arguments in ([], [str(tmp_path)], ["a", "b"]):
        ended = subprocess.run(
            [sys.executable, "-m", "trainer", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 2
        assert ended.stderr.count("\n") == 1


def test_an_attended_child_ends_when_nobody_waits_for_it(tmp_path, made):
    directory = made.directory(tmp_path, "binary", trials=10_000)
    child = subprocess.Popen(
        [sys.executable, "-m", "trainer", str(directory.path), "--attended"], stdin=subprocess.PIPE
    )
    child.stdin.close()

    assert child.wait(60) == 3
