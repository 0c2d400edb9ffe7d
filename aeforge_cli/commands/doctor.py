"""`aeforge doctor`: checks everything that a job needs, and says what to do where something is wrong."""

import importlib.util
import os
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from aeforge_cli import __version__
from aeforge_cli.commands._shared.options import AccountOptions, VerbosityOptions, with_options
from aeforge_cli.config.catalogue import SETTINGS, shown_journal
from aeforge_cli.config.settings import DEFAULT
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import AeforgeError, CannotSave, KeyRejected, NotSignedIn, Usage, command
from aeforge_cli.extras import install_hint
from aeforge_cli.phrases import count
from aeforge_cli.redaction import shown_proxy
from aeforge_cli.session import Session


def register(tree: typer.Typer) -> None:
    tree.command("doctor")(doctor)


@dataclass(frozen=True)
class Finding:
    """The result of one check; `error` says what is wrong and what to do, and is None where all is well."""

    name: str
    detail: str
    error: AeforgeError | None = None


@with_options
def doctor(
    session: Session,
    service: AccountOptions,
    verbosity: VerbosityOptions,
    offline: Annotated[bool, typer.Option("--offline", help="Do not contact the service.")] = False,
) -> None:
    """Check the setup, and say what to fix.

    Nothing is submitted. The exit code is that of the first problem: 4 without a key, 5 without a connection.

    Examples:

        aeforge doctor

        aeforge doctor --json | jq -r '.checks[] | select(.ok | not) | .hint'
    """
    verbosity.apply(session)
    service.apply(session)
    findings = []
    for name, check in _checks(session, offline=offline):
        findings.append(_found(name, check))
        _print(session, findings[-1])
    errors = [finding.error for finding in findings if finding.error]
    session.console.rows(list(map(_as_json, findings)), (), key="checks", about={"ok": not errors})
    if errors:
        raise errors[0]


def _found(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, check())
    except AeforgeError as error:
        return Finding(name, f"{error.message}: {error.why}" if error.why else error.message, error)


def _print(session: Session, finding: Finding) -> None:
    mark = "no" if finding.error else "ok"
    session.console.text(f"{mark}  {finding.name:<7}  {finding.detail}")
    if finding.error and finding.error.hint:
        session.console.text(f"    next:    {finding.error.hint}")


def _as_json(finding: Finding) -> dict[str, object]:
    error = finding.error
    return {
        "name": finding.name,
        "ok": error is None,
        "detail": finding.detail,
        "hint": (error.hint or None) if error else None,
        "code": error.code if error else None,
    }


def _checks(session: Session, *, offline: bool) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "version", lambda: f"aeforge {__version__}"
    yield "python", lambda: f"{platform.python_version()} at {sys.executable}"
    yield "config", lambda: _config(session)
    yield "values", lambda: _values(session)
    yield "budget", lambda: _budget(session)
    yield "journal", lambda: _journal(session)
    yield "key", lambda: _key(session)
    yield "proxy", lambda: _proxy(session)
    yield "trust", lambda: _trust(session)
    if not offline:
        yield "service", lambda: _service(session)
    yield "sandbox", _sandbox


def _config(session: Session) -> str:
    file = session.settings.file
    _ = file.profiles
    there = "" if file.path.exists() else "; not written yet"
    if not file.key_refusal:
        _require_writable(file.path.parent, "AEFORGE_CONFIG_DIR")
    refused = f"; a key in it is not used: {file.key_refusal}" if file.key_refusal else ""
    return f"{file.path}, profile {session.settings.profile}{there}{refused}"


def _values(session: Session) -> str:
    """The settings that differ from their defaults. Raises Usage for the first value that is not valid."""
    session.settings.check(is_sandboxed=session.is_sandboxed)
    shown = [(name, session.settings.shown(name)) for name in SETTINGS]
    ours = [f"{name} {value} ({source})" for name, (value, source, _) in shown if source != DEFAULT]
    return ", ".join([*ours, "the rest by default" if ours else "all by default"])


def _budget(session: Session) -> str:
    budgets = session.settings.budgets()
    prices = session.settings.prices()
    for budget, source in budgets:
        if budget.unit is not None and not budget.is_in(prices.unit):
            raise Usage(
                f"The budget {budget} has another unit than the prices (from {source})",
                why=f"prices are in {prices.unit}",
                hint=f"give the unit in the profile's prices: {session.settings.file.path}",
            )
        if budget.unit is not None and not prices.table:
            raise Usage(
                f"The budget {budget} needs prices (from {source})",
                why="the service publishes none",
                hint=f"add the profile's prices: {session.settings.file.path}",
            )
    return " and ".join(f"{budget} ({source})" for budget, source in budgets) or "none"


def _journal(session: Session) -> str:
    shared = session.settings["journal"].text
    place = shown_journal(shared) if shared else str(session.settings.state_dir)
    if not shared:
        _require_writable(session.settings.state_dir, "AEFORGE_STATE_DIR")
    _ = session.journal.run  # takes the lock that every purchase needs
    return f"{place}, {count(session.journal.count_pending(), 'unfinished job')}"


def _require_writable(folder: Path, variable: str) -> None:
    """Raises CannotSave for a folder that is not there and cannot be made, or cannot be written."""
    hint = f"name another folder with {variable}"
    try:
        there = next(place for place in (folder, *folder.parents) if place.exists())
    except OSError as error:  # a name that is too long
        raise CannotSave(f"{folder} cannot be written", why=error.strerror or "", hint=hint) from None
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        raise CannotSave(f"{folder} cannot be written", hint=hint)


def _key(session: Session) -> str:
    if session.is_sandboxed:
        return "the sandbox needs none"
    key, source = session.settings.key()
    return f"{key.masked} from {source}"


def _proxy(session: Session) -> str:
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    from aeforge_cli.api.proxies import check_proxy

    if session.is_sandboxed:
        return "none"
    parts = urlsplit(session.base_url)
    proxies = {} if proxy_bypass(parts.hostname or "") else getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy:
        return "none"
    check_proxy(proxy, f"{parts.scheme.upper()}_PROXY")
    return f"{shown_proxy(proxy)} for the service"


def _trust(session: Session) -> str:
    from aeforge_cli.api.certificates import ca_bundle_from

    return ca_bundle_from(session.environment) or "built-in certificates"


def _service(session: Session) -> str:
    try:
        key = session.key
    except NotSignedIn:
        key = None  # reported above; whether the service can be reached is worth knowing all the same
    client = session.client_over(session.requests_transport(key))
    started = session.clock.monotonic()
    try:
        accepted = client.key_is_good()
    except AeforgeError as error:
        error.hint = error.hint.replace(f" ({command('doctor')})", "")  # that is the command that runs
        raise
    took = f"{1000 * (session.clock.monotonic() - started):.0f} ms"
    if key and not accepted:
        settings = session.settings
        raise KeyRejected("The service does not accept the API key", why=settings.where_keys_are, hint=settings.sign_in)
    return f"{session.base_url} {'accepts the key' if key else 'answers'}, {took}"


def _sandbox() -> str:
    from aeforge_cli.sandbox import NEEDED

    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        return f"not installed; to try edits at no cost: {install_hint('sandbox')}"
    return "installed: aeforge sandbox"
