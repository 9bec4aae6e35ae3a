"""The child: `python -m trainer RUN_DIR`. A run directory in, a challenger and a verdict out.

With `--attended` it ends when its standard input does: whoever waits for it is gone.
"""

import os
import sys
import threading
from pathlib import Path

_NICE = 10
_SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}


def _end_with_input() -> None:
    while os.read(0, 4096):  # not through sys.stdin: its lock aborts an interpreter that is ending
        pass
    os._exit(3)


def main(arguments: list[str]) -> int:
    """Run; 0 when there is a verdict, 1 when a stage failed, 2 on wrong usage."""
    paths = [argument for argument in arguments if argument != "--attended"]
    if len(paths) != 1 or not Path(paths[0], "request.json").is_file():
        sys.stderr.write("usage: python -m trainer RUN_DIR [--attended]; it holds request.json\n")
        return 2
    os.environ.update(_SETTINGS)  # read once, when the libraries load
    os.nice(_NICE)
    if len(paths) < len(arguments):
        threading.Thread(target=_end_with_input, daemon=True).start()
    from trainer.directory import RunDirectory  # noqa: PLC0415  after the settings
    from trainer.run import run  # noqa: PLC0415

    try:
        run(RunDirectory(Path(paths[0]).resolve()))
    except (ValueError, OSError, ArithmeticError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
