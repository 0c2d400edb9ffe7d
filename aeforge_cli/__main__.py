"""The process: runs `cli.main`, or answers `--version` without loading it."""

import _signal  # type: ignore[import-not-found]  # `signal` itself imports enum, where an early Ctrl-C would arrive
import gc
import os
import sys

from aeforge_cli import __version__


def main() -> None:
    """The command `aeforge`."""
    _die_of_ctrl_c()
    if sys.argv[1:] == ["--version"]:
        try:
            sys.stdout.write(f"aeforge {__version__}\n")
            sys.stdout.flush()
        except (AttributeError, OSError):  # it is closed, or on a disk that is full: Python's last flush would complain
            os._exit(141)
        return
    gc.set_threshold(50_000)  # modules are no garbage, and looking for some takes a tenth of the start
    from aeforge_cli.cli import main as open_front_door

    status = open_front_door(sys.argv[1:])
    # All is written and closed by now. Taking the modules apart one by one would take a fifth of the whole start.
    os._exit(status)


def _die_of_ctrl_c() -> None:
    """Until `cli.main` listens, nothing can be lost: Ctrl-C ends the process without a traceback of imports."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:  # not where nohup or a shell ignores it
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)


if __name__ == "__main__":
    main()
