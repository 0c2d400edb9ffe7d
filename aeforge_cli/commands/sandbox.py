"""`aeforge sandbox`: the same API on this machine, with faults on demand."""

import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aeforge_cli.commands._shared.options import VerbosityOptions, with_options
from aeforge_cli.errors import Usage
from aeforge_cli.local_sandbox import PORT
from aeforge_cli.sandbox import InjectedFaults, PackagesMissing, PortInUse, SandboxOptions, SandboxUnavailable, serve
from aeforge_cli.session import SANDBOX_KEY, Session

if TYPE_CHECKING:
    from aeforge_cli.local_sandbox.registration import Registration
    from aeforge_cli.local_sandbox.users import SandboxUsers


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
    """Run a sandbox of the service on this machine: no key, no cost.

    It is not the service: inpaint really edits, within a fixed vocabulary; upscale enlarges; the other
    operations answer with labelled placeholders. Jobs whose prompt is not understood end Failed; the log says why, and
    so does the page, which shows all jobs, before and after: it is at the printed address without /public/v1.
    The base URL is printed on stdout; Ctrl-C ends it. While it runs, --sandbox uses it, whatever its port.

    Examples:

        aeforge sandbox

        aeforge sandbox --port 9000 --lose-answer 0.1 --status 503:0.2 --retry-after 2
    """
    verbosity.apply(session)
    keys = tuple(key or (SANDBOX_KEY,))
    users = _users(state) if child and state else None
    registration = _registration(session) if SANDBOX_KEY in keys and (users or not child) else None
    try:
        options = SandboxOptions(
            host=host,
            port=port,
            keys=keys,
            state=state and state.absolute(),
            engine=engine,
            secret=registration.secret if registration else "",
            tidy=child,
            faults=InjectedFaults(
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
        ready = partial(_announce, session, registration)
        with ExitStack() as stack:
            stop_when = _unused(users, registration, stack) if child else None
            unfetched = serve(options, ready=ready, log=session.console.note, stop_when=stop_when)
    except PackagesMissing as missing:
        from aeforge_cli.extras import install_hint
        from aeforge_cli.local_sandbox.child import PACKAGES_MISSING

        if child:
            session.console.result(PACKAGES_MISSING)
        raise Usage("The sandbox is not installed", why=str(missing), hint=install_hint("sandbox")) from None
    except (SandboxUnavailable, ValueError) as error:
        # `--sandbox` finds a sandbox on any port.
        hint = "aeforge sandbox --port 0" if isinstance(error, PortInUse) else "aeforge sandbox --help"
        raise Usage("The sandbox cannot start", why=str(error), hint=hint) from None
    finally:
        if registration:
            registration.withdraw()
    if child:
        for job_id in unfetched:
            session.console.result(job_id)


def _users(state: Path) -> "SandboxUsers | None":
    """Who shares the sandbox that keeps its jobs there."""
    from aeforge_cli.local_sandbox.users import SandboxUsers

    try:
        return SandboxUsers(state.parent)
    except OSError:
        return None


def _registration(session: Session) -> "Registration | None":
    """What `--sandbox` finds this sandbox by; None where the state folder cannot be used."""
    from aeforge_cli.config.settings import Settings
    from aeforge_cli.local_sandbox.registration import Registration

    # Not the session's: a config file that is broken or another user's concerns no sandbox.
    state_dir = Settings(session.environment).state_dir
    try:
        return Registration(state_dir)
    except OSError as error:
        _warn_of_no_registration(session, error)
        return None


def _announce(session: Session, registration: "Registration | None", base_url: str) -> None:
    """Who reads the address may use `--sandbox` from then on."""
    if registration:
        try:
            registration.publish(base_url)
        except OSError as error:
            _warn_of_no_registration(session, error)
    session.console.result(base_url)


def _warn_of_no_registration(session: Session, error: OSError) -> None:
    session.console.warn(
        f"--sandbox will not find this sandbox: {error.filename} cannot be used ({error.strerror});"
        " use --base-url, or name another folder with AEFORGE_STATE_DIR"
    )


def _chosen_status(text: str) -> tuple[int, float]:
    code, _, share = text.partition(":")
    try:
        return int(code), float(share)
    except ValueError:
        raise Usage(f"{text!r} is not a valid CODE:SHARE", hint="for example: --status 503:0.1") from None


def _unused(users: "SandboxUsers | None", registration: "Registration | None", ending: ExitStack) -> Callable[[], bool]:
    """Whether the command that started this sandbox has gone and no other uses it; none joins until `ending` closes."""
    starter_gone = _end_of_stdin()

    def unused() -> bool:
        if not starter_gone.is_set() or users is None:
            return starter_gone.is_set()
        with ExitStack() as kept:
            if not kept.enter_context(users.turn()) or users.has_others():
                return False
            if registration:
                registration.withdraw()
            ending.enter_context(kept.pop_all())
            return True

    return unused


def _end_of_stdin() -> threading.Event:
    """Set when the command that started this sandbox has gone, however it ended."""
    gone = threading.Event()

    def read() -> None:
        sys.stdin.buffer.read()
        gone.set()

    threading.Thread(target=read, daemon=True).start()
    return gone
