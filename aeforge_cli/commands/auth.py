"""`aeforge auth`: the API key, asked for, checked, stored and shown masked."""

import sys
from typing import Annotated

import typer

from aeforge_cli.commands._shared.options import AccountOptions, VerbosityOptions, with_options
from aeforge_cli.errors import AeforgeError, KeyRejected, NotSignedIn, Usage
from aeforge_cli.redaction import Secret, checked_key
from aeforge_cli.session import Session


def register(tree: typer.Typer) -> None:
    auth = typer.Typer(help="Sign in, sign out, and show the current key.", no_args_is_help=False)
    auth.command("login")(login)
    auth.command("status")(status)
    auth.command("logout")(logout)
    tree.add_typer(auth, name="auth")


@with_options
def login(
    session: Session,
    service: AccountOptions,
    verbosity: VerbosityOptions,
    with_token: Annotated[bool, typer.Option("--with-token", help="Read the key from stdin.")] = False,
    verify: Annotated[bool, typer.Option("--verify/--no-verify", help="Ask the service first.")] = True,
) -> None:
    """Store an API key.

    On a terminal the key is prompted for and not shown; otherwise it is read from standard input. It is never an
    argument: other users of the machine could see it.

    Examples:

        aeforge auth login

        aeforge auth login --with-token < key.txt
    """
    verbosity.apply(session)
    service.apply(session)
    _require_hosted(service)
    key = checked_key(_asked(session, with_token=with_token), "the prompt" if not with_token else "standard input")
    session.redact.hide(key)
    if verify and not _is_good(session, key):
        raise KeyRejected("The service does not accept this API key; it was not stored", hint="aeforge auth login")
    verified = session.clock.now().isoformat(timespec="seconds") if verify else None
    values = {"api_key": key.reveal(), "verified": verified}
    if service.base_url is not None:
        values["base_url"] = session.base_url
    session.settings.file.change(session.settings.profile, values)
    session.console.note(
        f"signed in: key {key.masked} of profile {session.settings.profile} in {session.settings.file.path}"
    )
    if session.environment.get("AEFORGE_API_KEY"):
        session.console.warn("AEFORGE_API_KEY is set, and wins over the stored key")


def _asked(session: Session, *, with_token: bool) -> str:
    if with_token or not sys.stdin.isatty():
        return sys.stdin.read(10_000)
    session.console.hush()
    return str(typer.prompt("API key", hide_input=True, err=True))


def _is_good(session: Session, key: Secret) -> bool:
    return session.client_over(session.wire(key)).key_is_good()


def _require_hosted(service: AccountOptions) -> None:
    if service.sandbox:
        raise Usage("The sandbox needs no key", hint="leave --sandbox out to sign in to the service")


@with_options
def status(
    session: Session,
    service: AccountOptions,
    verbosity: VerbosityOptions,
    offline: Annotated[bool, typer.Option("--offline", help="Do not contact the service.")] = False,
) -> None:
    """Show the current key, where it comes from, and whether the service accepts it.

    Exits 4 without a key, or if the service does not accept it.

    Examples:

        aeforge auth status

        aeforge auth status --offline --json
    """
    verbosity.apply(session)
    service.apply(session)
    _require_hosted(service)
    key, source = session.settings.key()
    session.redact.hide(key)
    good, trouble = (None, None) if offline else _judged(session, key)
    stored = session.settings.file.profile(session.settings.profile).get("verified") if "profile" in source else None
    session.console.record(
        {
            "profile": session.settings.profile,
            "base_url": session.base_url,
            "source": source,
            "key": key.masked,
            "verified": good,
            "verified_at": stored and str(stored),
        },
        text=[
            f"profile   {session.settings.profile}",
            f"service   {session.base_url}",
            f"key       {key.masked} from {source}",
            f"verified  {_verified(good, stored)}",
        ],
    )
    if trouble:
        raise trouble
    if good is False:
        raise KeyRejected("The service does not accept the API key", hint="aeforge auth login")


def _judged(session: Session, key: Secret) -> tuple[bool | None, AeforgeError | None]:
    try:
        return _is_good(session, key), None
    except AeforgeError as error:
        return None, error


def _verified(good: bool | None, stored: object) -> str:
    match good:
        case True:
            return "yes, just now"
        case False:
            return "no: the service does not accept it"
        case None:
            return f"at {stored}" if stored else "not yet"


@with_options
def logout(session: Session, service: AccountOptions, verbosity: VerbosityOptions) -> None:
    """Forget the stored API key.

    Examples:

        aeforge auth logout

        aeforge auth logout --profile work
    """
    verbosity.apply(session)
    service.apply(session)
    profile = session.settings.profile
    if "api_key" not in session.settings.file.profile(profile):
        raise NotSignedIn(f"Profile {profile} has no stored key", hint="aeforge auth status")
    session.settings.file.change(profile, {"api_key": None, "verified": None})
    session.console.note(f"signed out: profile {profile} has no key any more")
    if session.environment.get("AEFORGE_API_KEY"):
        session.console.warn("AEFORGE_API_KEY is still set, and is still used")
