"""`aeforge sandbox`: the same API on this machine, and ways to make it misbehave."""

import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from aeforge_cli.commands._shared.options import VerbosityOptions, with_options
from aeforge_cli.errors import Usage
from aeforge_cli.local_sandbox import PORT
from aeforge_cli.sandbox import Misbehaviour, SandboxOptions, SandboxUnavailable, serve
from aeforge_cli.session import Session


def register(tree: typer.Typer) -> None:
    tree.command("sandbox")(sandbox)


@with_options
def sandbox(
    session: Session,
    verbosity: VerbosityOptions,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 picks a free one.")
    ] = PORT,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Loopback address to listen on.")
    ] = "127.0.0.1",
    key: Annotated[
        list[str] | None,
        typer.Option("--key", metavar="KEY", help="Throwaway key to accept; repeatable.", show_default="sandbox"),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIR", help="Folder that keeps jobs across restarts.", file_okay=False),
    ] = None,
    engine: Annotated[str, typer.Option("--engine", metavar="NAME", help="Image engine, or a plug-in.")] = "local",
    delay: Annotated[float, typer.Option("--delay", min=0, help="Seconds that each job stays Pending.")] = 2.0,
    latency: Annotated[float, typer.Option("--latency", min=0, help="Seconds added to each response.")] = 0.0,
    fail_jobs: Annotated[float, typer.Option("--fail-jobs", min=0, max=1, help="Fraction of jobs that fail.")] = 0.0,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", metavar="CODE:SHARE", help="Status for a fraction of requests; repeatable."),
    ] = None,
    retry_after: Annotated[
        int | None, typer.Option("--retry-after", min=0, help="Retry-After of a 429 or 503 from --status.")
    ] = None,
    drop: Annotated[float, typer.Option("--drop", min=0, max=1, help="Fraction of connections dropped.")] = 0.0,
    lose_answer: Annotated[float, typer.Option("--lose-answer", min=0, max=1, help="Fraction of answers lost.")] = 0.0,
    seed: Annotated[
        int | None, typer.Option("--seed", help="Seed for the injected faults.", show_default="none")
    ] = None,
    child: Annotated[bool, typer.Option("--child", hidden=True)] = False,
) -> None:
    """Run a local stand-in for the service: no key, no cost.

    A stand-in, not the service: inpaint edits for real within a fixed vocabulary, upscale enlarges, the other
    operations answer with labelled placeholders. Jobs whose prompt is not understood end Failed; the log says why, and
    so does the page, which shows all jobs, before and after: it is at the printed address without /public/v1.
    The base URL is printed on stdout; Ctrl-C ends it.

    Examples:

        aeforge sandbox

        aeforge sandbox --port 9000 --lose-answer 0.1 --status 503:0.2 --retry-after 2
    """
    verbosity.apply(session)
    try:
        options = SandboxOptions(
            host=host,
            port=port,
            keys=tuple(key or ("sandbox",)),
            state=state and state.absolute(),
            engine=engine,
            tidy=child,
            misbehaviour=Misbehaviour(
                delay=delay,
                latency=latency,
                fail_jobs=fail_jobs,
                status=tuple(map(_chosen_status, status or ())),
                retry_after=retry_after,
                drop=drop,
                lose_answer=lose_answer,
                seed=seed,
            ),
        )
        parent_gone = _end_of_stdin() if child else threading.Event()
        serve(options, ready=session.console.result, log=session.console.note, stop_when=parent_gone.is_set)
    except (SandboxUnavailable, ValueError) as error:
        raise Usage("The sandbox cannot start", why=str(error), hint="aeforge sandbox --help") from None


def _chosen_status(text: str) -> tuple[int, float]:
    code, _, share = text.partition(":")
    try:
        return int(code), float(share)
    except ValueError:
        raise Usage(f"{text!r} is no status and share", hint="for example: --status 503:0.1") from None


def _end_of_stdin() -> threading.Event:
    """Set when the command that this sandbox belongs to is gone, however it ended."""
    gone = threading.Event()

    def read() -> None:
        sys.stdin.buffer.read()
        gone.set()

    threading.Thread(target=read, daemon=True).start()
    return gone
