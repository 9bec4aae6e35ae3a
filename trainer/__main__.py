"""The child: `python -m trainer RUN_DIR`. A run directory in, a challenger and a verdict out.

`python -m trainer --warm` loads the libraries, then reads run directories from standard input, a
line each: it forks a child for each and writes `began`, then its exit code, a line each. Both end
with their standard input: whoever waits for them is gone.
"""

import os
import select
import signal
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
_LEFT_ALONE = 3
_TICK = 0.02
_IDLE_SECONDS = 300.0


def main(arguments: list[str]) -> int:
    """Run; 0 when there is a verdict, 1 when a stage failed, 2 on wrong usage."""
    paths = [argument for argument in arguments if not argument.startswith("--")]
    warm, attended = ("--warm" in arguments), ("--attended" in arguments)
    if warm is bool(paths) or len(paths) > 1 or not all(map(_is_run, paths)):
        sys.stderr.write("usage: python -m trainer RUN_DIR [--attended]; it holds request.json\n")
        return 2
    os.environ.update(_SETTINGS)  # read once, when the libraries load
    os.nice(_NICE)
    return _serve() if warm else _run(paths[0], attended=attended)


def _is_run(path: str) -> bool:
    return Path(path, "request.json").is_file()


def _run(path: str, *, attended: bool) -> int:
    from trainer.directory import RunDirectory  # noqa: PLC0415  after the settings
    from trainer.run import run  # noqa: PLC0415

    if attended:
        threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        run(RunDirectory(Path(path).resolve()))
    except (ValueError, OSError, ArithmeticError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    return 0


def _end_with_input() -> None:
    while os.read(0, 4096):  # not through sys.stdin: its lock aborts an interpreter that is ending
        pass
    os._exit(_LEFT_ALONE)


def _serve() -> int:
    """Fork a child for each line; end with the input, or when long idle: memory is not free."""
    import trainer.run  # noqa: F401, PLC0415
    from trainer.attendance import BEGAN  # noqa: PLC0415
    from trainer.research.candidates import load_libraries  # noqa: PLC0415

    load_libraries()
    while select.select([0], [], [], _IDLE_SECONDS)[0]:
        path = os.read(0, 4096).decode().strip()
        if not path:
            return 0
        os.write(1, BEGAN)
        os.write(1, f"{_forked(path)}\n".encode())
    return 0


def _forked(path: str) -> int:
    """The exit code of a child that runs a directory; minus the signal, if one ended it."""
    held, holding = os.pipe()  # closes with us, and the child ends with it
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(holding)
            os.dup2(held, 0)
            log = os.open(Path(path) / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(log, 1)
            os.dup2(log, 2)
            code = _run(path, attended=True)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(held)
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            os.close(holding)
            return os.waitstatus_to_exitcode(status)
        if select.select([0], [], [], _TICK)[0] and not os.read(0, 1):
            os.kill(child, signal.SIGKILL)
            os._exit(_LEFT_ALONE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
