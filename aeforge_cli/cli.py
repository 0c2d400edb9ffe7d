"""Runs one command: the one place where an error becomes an exit code."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from aeforge_cli.errors import AeforgeError, ClosedStdoutError, Exit, Failure, InternalError, Interrupted
from aeforge_cli.manual.registry import SUMMARIES
from aeforge_cli.output.formats import named
from aeforge_cli.session import Session


def main(arguments: Sequence[str], session: Session | None = None) -> int:
    """Runs one command; returns the exit code."""
    session = session or Session()
    session.arguments = tuple(arguments)
    if "--json" in arguments or "--format=json" in arguments or ("--format", "json") in pairwise(arguments):
        session.console.format = named("json")  # also for what is wrong with the arguments themselves
    try:
        with contextlib.closing(session), _foreign_errors_named():
            session.stop.listen()
            return _run(arguments, session)
    except Failure as error:
        session.console.failure(error)
        return error.exit_status
    except (BrokenPipeError, ClosedStdoutError):
        return Exit.STDOUT_CLOSED
    finally:
        session.console.conclude()
        _settle_streams()


def _run(arguments: Sequence[str], session: Session) -> int:
    if list(arguments) in ([], ["-h"], ["--help"]):
        from aeforge_cli.manual.help import laid_out
        from aeforge_cli.manual.tree import bare_root

        if not arguments and session.is_new_here:
            from aeforge_cli.manual.greeting import greeting, has_sandbox

            session.console.result(f"{greeting(Path.cwd(), needs_install=not has_sandbox())}\n")
        session.console.result(laid_out(bare_root()))
        return Exit.DONE
    from aeforge_cli.manual import from_typer

    named = [arguments[0]] if arguments[0] in SUMMARIES else tuple(SUMMARIES)
    return from_typer.run(from_typer.built(named), arguments, session)


@contextlib.contextmanager
def _foreign_errors_named() -> Iterator[None]:
    """A bug is reported as one: its place, but not its text, which may hold what must not be seen."""
    try:
        yield
    except (AeforgeError, BrokenPipeError, ClosedStdoutError):
        raise
    except KeyboardInterrupt:
        raise Interrupted(signal.SIGINT) from None
    except MemoryError:
        raise _without("memory", "give it more, or name fewer and smaller files") from None
    except Exception as error:
        if isinstance(error, RuntimeError) and "start new thread" in str(error):
            raise _without("threads", "raise the limit of processes (ulimit -u), and run the command again") from None
        if os.environ.get("AEFORGE_TRACEBACK"):
            raise
        import traceback

        place = traceback.extract_tb(error.__traceback__)[-1]
        raise InternalError(
            "This is a bug in aeforge",
            why=f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}",
            hint="report it with the output of --debug; aeforge job list shows what was submitted",
        ) from None


def _without(what: str, hint: str) -> InternalError:
    return InternalError(f"The system gives this process no more {what}", hint=hint)


def _settle_streams() -> None:
    """Where nobody reads any more, Python's own last flush must not complain: it would exit with 120."""
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
