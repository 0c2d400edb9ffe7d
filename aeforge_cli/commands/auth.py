"""`aeforge auth`: the API key, asked for, checked, stored and shown masked."""

import os
import sys
from typing import Annotated

import typer

from aeforge_cli.commands._shared.options import AccountOptions, VerbosityOptions, with_options
from aeforge_cli.errors import AeforgeError, CannotSave, KeyRejected, NotSignedIn, Usage, command, invocation
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
    keyring: Annotated[bool, typer.Option("--keyring", help="Store the key in the system's keyring.")] = False,
) -> None:
    """Store an API key, in the profile that is named; a new profile is made.

    On a terminal the key is prompted for and not shown; otherwise it is read from standard input. It is never an
    argument: other users of the machine could see it.

    Examples:

        aeforge auth login

        aeforge auth login --with-token < key.txt

        aeforge auth login --profile work --keyring
    """
    verbosity.apply(session)
    service.apply(session)
    _require_hosted(service)
    session.settings.allow_new_profile()
    _require_storable(session, keyring=keyring)
    key = checked_key(*_asked(session, with_token=with_token), session.settings.sign_in)
    session.redact.hide(key)
    invocation.new_key, invocation.keys_at = session.settings.sign_in, session.settings.where_keys_are
    if verify and not _is_good(session, key):
        raise KeyRejected(
            "The service does not accept this API key; it was not stored",
            why=session.settings.where_keys_are,
            hint=session.settings.sign_in,
        )
    _store(session, key, service, is_verified=verify, keyring=keyring)
    _warn_of_another(session, is_named=service.profile is not None)


def _require_storable(session: Session, *, keyring: bool) -> None:
    """Raises what storing would raise, before anyone types a key."""
    if keyring:
        from aeforge_cli.config.keyring_store import require_keyring

        require_keyring()
    _ = session.settings.profile
    if refusal := session.settings.file.key_refusal:
        raise CannotSave(
            "The API key cannot be stored", why=refusal, hint="name a folder of your own with AEFORGE_CONFIG_DIR"
        )


def _asked(session: Session, *, with_token: bool) -> tuple[str, str]:
    """The key as it was typed or read, and where it came from."""
    if with_token or not (sys.stdin and sys.stdin.isatty()):
        return os.fsdecode(sys.stdin.buffer.read(10_000)) if sys.stdin else "", "standard input"
    session.console.note(session.settings.where_keys_are)
    session.console.hush()
    return str(typer.prompt("API key", hide_input=True, err=True)), "the prompt"


def _is_good(session: Session, key: Secret) -> bool:
    return session.client_over(session.requests_transport(key)).key_is_good()


def _store(session: Session, key: Secret, service: AccountOptions, *, is_verified: bool, keyring: bool) -> None:
    settings = session.settings
    verified = session.clock.now().isoformat(timespec="seconds") if is_verified else None
    values = {"api_key": None if keyring else key.reveal(), "keyring": True if keyring else None, "verified": verified}
    if service.base_url is not None:
        values["base_url"] = session.base_url
    before = settings.file.profile(settings.profile)
    if keyring:
        from aeforge_cli.config.keyring_store import store

        store(settings.keyring_name, key.reveal())
    settings.file.change(settings.profile, values)
    if before.get("keyring") is True and not keyring:
        _forget(session)
    place = "the system's keyring" if keyring else str(settings.file.path)
    session.console.note(f"signed in: key {key.masked} of profile {settings.profile} in {place}")


def _forget(session: Session) -> None:
    """Takes the profile's key out of the keyring; where that cannot be done, the user should know."""
    from aeforge_cli.config.keyring_store import forget

    try:
        forget(session.settings.keyring_name)
    except AeforgeError as error:
        session.console.warn(f"a key is still in the system's keyring: {error.message}: {error.why or error.hint}")


def _warn_of_another(session: Session, *, is_named: bool) -> None:
    if session.environment.get("AEFORGE_API_KEY"):
        profile = session.settings.profile
        session.console.warn(
            f"AEFORGE_API_KEY is set, and wins where --profile {profile} is not given"
            if is_named
            else "AEFORGE_API_KEY is set, and wins over the stored key"
        )


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
    settings = session.settings
    found = settings.key_source()
    key, source = settings.key()
    session.redact.hide(key)
    good, error = (None, None) if offline else _judged(session, key)
    stored = _verified_at(session) if found.is_of_profile else None
    session.console.record(
        {
            "profile": settings.profile,
            "base_url": session.base_url,
            "source": source,
            "key": key.masked,
            "verified": good,
            "verified_at": stored,
        },
        text=[
            f"profile   {settings.profile}",
            f"service   {session.base_url}",
            f"key       {key.masked} from {source}",
            f"verified  {_verified(good, stored)}",
        ],
    )
    if error:
        raise error
    if good is False:
        raise KeyRejected(
            "The service does not accept the API key",
            why=f"it comes from {source}; {settings.where_keys_are}",
            hint=settings.sign_in,
        )


def _verified_at(session: Session) -> str | None:
    """When the stored key was last accepted, as `auth login` noted it."""
    noted = session.settings.file.profile(session.settings.profile).get("verified")
    return noted if isinstance(noted, str) else None


def _judged(session: Session, key: Secret) -> tuple[bool | None, AeforgeError | None]:
    try:
        return _is_good(session, key), None
    except AeforgeError as error:
        return None, error


def _verified(good: bool | None, stored: str | None) -> str:
    match good:
        case True:
            return "yes, just now"
        case False:
            return "no: the service does not accept it"
        case None:
            return f"at {stored}" if stored else "not yet"


@with_options
def logout(session: Session, service: AccountOptions, verbosity: VerbosityOptions) -> None:
    """Remove the stored API key from the config file, and from the system's keyring.

    Examples:

        aeforge auth logout

        aeforge auth logout --profile work
    """
    verbosity.apply(session)
    service.apply(session)
    settings = session.settings
    profile = settings.profile
    kept = settings.file.profile(profile)
    if "api_key" not in kept and "keyring" not in kept:
        raise NotSignedIn(f"Profile {profile} has no stored key", hint=command("auth status"))
    if kept.get("keyring") is True:
        _forget(session)
    settings.file.change(profile, {"api_key": None, "keyring": None, "verified": None})
    session.console.note(f"signed out: profile {profile} has no key any more")
    if session.environment.get("AEFORGE_API_KEY"):
        session.console.warn("AEFORGE_API_KEY is still set, and is still used")
