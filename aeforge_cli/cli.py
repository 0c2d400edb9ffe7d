"""The front door: the command tree, and the one place where an error becomes an exit code."""

import contextlib
import os
import signal
import traceback
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

os.environ.setdefault("TYPER_USE_RICH", "0")  # before typer is imported: help drawn by rich costs twice the time

import typer
from typer.main import get_command

from aeforge_cli import __version__
from aeforge_cli.console import ClosedStdoutError
from aeforge_cli.errors import AeforgeError, Exit, InternalError, Interrupted, Usage
from aeforge_cli.session import Session

# Each name leads to the module that registers it, so that a command loads its own module alone.
MODULES = {
    "inpaint": "inpaint",
    "upscale": "pictures",
    "split-layer": "pictures",
    "generate": "pictures",
    "effect": "pictures",
    "sprite": "sprites",
    "job": "job",
    "auth": "account",
    "sandbox": "sandbox",
}


def app(names: Sequence[str] = tuple(MODULES)) -> typer.Typer:
    """The command tree, or the branches of it that are asked for."""
    tree = typer.Typer(
        name="aeforge",
        help="Edit and make images with AetherForge: in a terminal, in pipelines and in CI.",
        epilog="Try it without a key: aeforge inpaint photo.jpg -p 'blue sky background' -o sky.png --sandbox",
        add_completion=False,
        pretty_exceptions_enable=False,  # a pretty traceback may print locals, and a local may be the key
        rich_markup_mode=None,
        invoke_without_command=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    tree.callback()(_welcome)
    for module in dict.fromkeys(MODULES[name] for name in names):
        import_module(f"aeforge_cli.commands.{module}").register(tree)
    return tree


def _welcome(ctx: typer.Context, version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    if version:
        typer.echo(f"aeforge {__version__}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def main(arguments: Sequence[str], session: Session | None = None) -> int:
    """Runs one command; returns the exit code."""
    session = session or Session()
    session.console.json = "--json" in arguments  # also for what is wrong with the arguments themselves
    try:
        with contextlib.closing(session), _foreign_errors_named():
            session.stop.listen()
            return _run(arguments, session)
    except AeforgeError as error:
        session.console.failure(error)
        return error.exit_status
    except (BrokenPipeError, ClosedStdoutError):
        _silence_stdout()
        return Exit.STDOUT_CLOSED


def _run(arguments: Sequence[str], session: Session) -> int:
    named = [arguments[0]] if arguments and arguments[0] in MODULES else tuple(MODULES)
    command = get_command(app(named))
    try:
        status = command.main(list(arguments), prog_name="aeforge", standalone_mode=False, obj=session)
    except typer.TyperException as error:
        raise Usage(error.format_message(), hint=_help_hint(error)) from None
    except typer.Abort:
        raise Usage("Nothing was entered", hint="give it as an option, or on standard input") from None
    return status if isinstance(status, int) else Exit.DONE


def _help_hint(error: typer.TyperException) -> str:
    command = getattr(getattr(error, "ctx", None), "command_path", "aeforge")
    return f"{command} --help"


@contextlib.contextmanager
def _foreign_errors_named() -> Iterator[None]:
    """A bug is told as one: its place, but not its text, which may hold what must not be seen."""
    try:
        yield
    except (AeforgeError, BrokenPipeError, ClosedStdoutError):
        raise
    except KeyboardInterrupt:
        raise Interrupted(signal.SIGINT) from None
    except Exception as error:
        if os.environ.get("AEFORGE_TRACEBACK"):
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise InternalError(
            "This is a bug in aeforge",
            why=f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}",
            hint="report it with the output of the same command with --debug; aeforge job list shows what was bought",
        ) from None


def _silence_stdout() -> None:
    """Nobody reads any more; Python's own last flush must not complain."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
