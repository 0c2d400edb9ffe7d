"""One invocation: builds settings, console, clock, journal and client, each when it is first asked for."""

import math
import os
import re
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cached_property
from typing import TYPE_CHECKING

from aeforge_cli.errors import AeforgeError, CannotSave, JournalBusy, NotSignedIn, invocation
from aeforge_cli.output.console import Console, Verbosity
from aeforge_cli.output.formats import named
from aeforge_cli.process.clock import Clock, SystemClock
from aeforge_cli.process.signals import Stop
from aeforge_cli.redaction import Redactor, Secret, checked_key

if TYPE_CHECKING:
    from aeforge_cli.api.client import Client
    from aeforge_cli.api.operations import Operation
    from aeforge_cli.api.requests_transport import RequestsTransport
    from aeforge_cli.api.retry import ConcurrencyLimiter
    from aeforge_cli.api.transport import Transport
    from aeforge_cli.config.settings import Settings
    from aeforge_cli.config.spending import Spending
    from aeforge_cli.jobs.lifecycle import Account, Lifecycle
    from aeforge_cli.journal.interface import Journal, Row

SANDBOX_KEY = "sandbox"
_SLOW = 3.0  # seconds until a server that is silent is told of


class Session:
    """What a command may ask for. `transport` and `clock` are given by tests in place of the network and time."""

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        transport: "Transport | None" = None,
        clock: Clock | None = None,
    ) -> None:
        self.environment = os.environ if environment is None else environment
        self.redact = Redactor()
        self.console = Console(self.environment, redact=self.redact)
        self.stop = Stop(grace=5.0 if self.environment.get("CI") else 35.0, say=self.console.say_at_once)
        self.clock: Clock = clock or SystemClock(self.stop)
        self._given_transport = transport
        self._options: dict[str, str | None] = {}
        self._profile: str | None = None
        self._sandboxed = False
        self._closing = ExitStack()
        self.recorded: Sequence[Row] = ()  # jobs that the record of the project tells of
        self.arguments: Sequence[str] = ()
        invocation.forget()

    # -------------------------------------------------------------- options that all commands share

    def talk(self, *, output_format: str, quiet: bool, verbose: bool, debug: bool) -> None:
        """How much is said, and in which form. Raises Usage for a format that is not valid."""
        self.console.format = named(output_format)
        self.console.debugs = debug
        if quiet:
            self.console.verbosity = Verbosity.QUIET
        elif verbose or debug:
            self.console.verbosity = Verbosity.VERBOSE

    def use(self, *, profile: str | None, sandbox: bool, options: Mapping[str, str | None]) -> None:
        """Which account and which service; `options` are settings given on the command line. Raises Usage."""
        if any(value is not None for value in options.values()):
            from aeforge_cli.config.catalogue import check_options

            check_options(options)
        self._profile = profile
        self._sandboxed = sandbox
        self._options = dict(options)
        named = (("--profile", profile), ("--base-url", options.get("base_url")))
        given = [word for name, value in named if value is not None for word in (name, value)]
        invocation.account = (*given, "--sandbox") if sandbox else tuple(given)

    def saves_to(self, output: str | None, *, overwrite: bool, skip_existing: bool) -> None:
        """Where the command saves, for hints."""
        rules = [name for name, given in (("--overwrite", overwrite), ("--skip-existing", skip_existing)) if given]
        invocation.output = ("-o", output, *rules) if output and output != "-" else ()

    def again(self, *options: str) -> str:
        """The command that was given, with other options, for hints."""
        import shlex

        given = list(self.arguments)
        end = given.index("--") if "--" in given else len(given)  # what follows are pictures, whatever they look like
        words = [word for word in given[:end] if word not in ("--yes", *options)]
        agreed = ["--yes"] if "--yes" in given[:end] else []
        return shlex.join(["aeforge", *words, *options, *agreed, *given[end:]])

    @property
    def is_sandboxed(self) -> bool:
        return self._sandboxed

    # -------------------------------------------------------------- built when first asked for

    @cached_property
    def settings(self) -> "Settings":
        from aeforge_cli.config.settings import Settings

        return Settings(self.environment, profile=self._profile, options=self._options, warn=self.console.warn)

    @property
    def is_new_here(self) -> bool:
        """Whether this user has neither a key nor settings yet."""
        from aeforge_cli.config.settings import Settings

        return not (self.environment.get("AEFORGE_API_KEY") or Settings(self.environment).file.path.exists())

    @cached_property
    def base_url(self) -> str:
        if self._sandboxed:
            from aeforge_cli.local_sandbox import running_sandbox

            return self._closing.enter_context(
                running_sandbox(self.settings.state_dir, log=self._log_sandbox, note=self.console.note)
            )
        return self.settings["base_url"].text

    def _log_sandbox(self, line: str) -> None:
        self.console.detail(f"sandbox: {line}")

    @property
    def service(self) -> str:
        """The service's name in the journal; a sandbox changes its port, and stays the same sandbox."""
        return "sandbox" if self._sandboxed else self.base_url

    @cached_property
    def key(self) -> Secret:
        """The API key. Raises NotSignedIn without one."""
        if self._sandboxed:
            key = checked_key(SANDBOX_KEY, "the sandbox")
            invocation.new_key = "restart the sandbox without --key, then run the same command again"
        else:
            key, source = self.settings.key()
            invocation.new_key, invocation.keys_at = self.settings.another_key(source), self.settings.where_keys_are
        self.redact.hide(key)
        return key

    @cached_property
    def account(self) -> "Account":
        """Who pays. Raises NotSignedIn without a key."""
        from aeforge_cli.jobs.lifecycle import Account

        name, profile = self.account_name, None if self._sandboxed else self.settings.profile
        if self._sandboxed:
            return Account(self.service, name)
        return Account(
            self.service,
            name,
            profile,
            limits=lambda: self.spending.limits(self.clock.now()),
            price=self.spending.required_price,
            unit=self.spending.unit,
        )

    @cached_property
    def spending(self) -> "Spending":
        """Budgets and prices; the sandbox costs nothing."""
        from aeforge_cli.config.prices import Prices
        from aeforge_cli.config.spending import Spending

        if self._sandboxed:
            return Spending((), Prices("", {}))
        return Spending([budget for budget, _ in self.settings.budgets()], self.settings.prices())

    @property
    def account_name(self) -> str:
        """Tells accounts apart: by the name that the user gave, else by the key, without giving it away.

        Raises NotSignedIn without a key: nothing is started then, whatever the account is called.
        """
        key = self.key
        if not self._sandboxed and (name := self.settings["account"].text):
            return name
        import hashlib

        return hashlib.sha256(key.reveal().encode()).hexdigest()[:8]

    def requests_transport(self, key: Secret | None, base_url: str | None = None) -> "RequestsTransport":
        """The real transport."""
        from aeforge_cli.api.certificates import ca_bundle_from
        from aeforge_cli.api.requests_transport import RequestsTransport

        transport = RequestsTransport(
            base_url=base_url or self.base_url,
            key=key,
            ca_bundle=ca_bundle_from(self.environment),
            log=self.console.debug,
            redact=self.redact,
            through_proxy=not self._sandboxed,
        )
        self._closing.callback(transport.close)
        return transport

    def check_network(self) -> None:
        """Raises Usage for what the environment says of proxies and certificates, if no request could be made so."""
        if self._sandboxed:
            return
        from aeforge_cli.api.certificates import ca_bundle_from, seems_usable

        has_proxy = any(map(re.compile("(?i)(http|https|all)_proxy").fullmatch, self.environment))
        bundle = ca_bundle_from(self.environment)
        if has_proxy or (bundle and not seems_usable(bundle)):
            self.requests_transport(None).check(self.base_url)

    @cached_property
    def fetcher(self) -> "RequestsTransport":
        """Fetches inputs from the web; it knows no key."""
        return self.requests_transport(None)

    @cached_property
    def transport(self) -> "Transport":
        return self._given_transport or self.requests_transport(self.key)

    @cached_property
    def client(self) -> "Client":
        return self.client_over(self.transport)

    def client_over(self, transport: "Transport") -> "Client":
        from aeforge_cli.api.client import Client

        return Client(transport, base_url=self.base_url, clock=self.clock, redact=self.redact)

    @cached_property
    def journal(self) -> "Journal":
        from aeforge_cli.journal.interface import JournalUnwritable, NoJournal
        from aeforge_cli.journal.opening import open_journal

        url = "" if self._sandboxed else self.settings["journal"].text  # a sandbox is this machine's own affair
        slow = threading.Timer(_SLOW, self.console.warn, ["waiting for the server of the journal"])
        try:
            if url:
                slow.start()
            journal = open_journal(url, self.settings.state_dir, history=self.settings.keeps_history)
            if self._sandboxed:
                _ = journal.run  # without file locks nobody can be kept from paying twice: here nobody pays
        except CannotSave as error:
            if not self._sandboxed:
                raise
            self.console.warn(f"jobs are not recorded: {error.message} ({error.why})")
            return NoJournal()
        except JournalUnwritable as error:
            self.console.warn(
                f"jobs are not recorded: {error.path} cannot be used ({error.why});"
                " name another folder with AEFORGE_STATE_DIR"
            )
            past = "what was paid for before is not known here"
            return NoJournal(f"{error.hidden} cannot be used ({error.why}); {past}" if error.hidden else "")
        finally:
            slow.cancel()
        self._closing.callback(journal.close)
        return journal

    def lifecycle(self, *, interval: float | None = None, in_flight: int = 1, confirmed: bool = False) -> "Lifecycle":
        """The steps of a job's life.

        `interval` is the user's own pause between polls, in seconds; `in_flight` how many jobs there may be at once;
        `confirmed` whether the user has agreed to a purchase that may be a second one.
        """
        from aeforge_cli.files.atomic import discard_open_parts
        from aeforge_cli.jobs.lifecycle import Lifecycle
        from aeforge_cli.jobs.poll_schedule import PollSchedule

        account = self.account  # asked for first: without a key nothing is started
        _ = self.journal  # closes after what is still being received was thrown away
        self.client.limiter = self._limiter(in_flight, account)
        self._closing.callback(discard_open_parts)
        life = Lifecycle(
            client=self.client,
            journal=self.journal,
            clock=self.clock,
            stop=self.stop,
            account=account,
            emergency=self.console.emergency,
            notify=self.console.notify,
            timeout=self.timeout,
            schedule=PollSchedule(interval),
            confirmed=confirmed,
        )
        self.stop.untold = life.untold
        return life

    def account_if_known(self, *, runs: bool = True) -> str | None:
        """The account's name; None without a key. A program that prints the key is run only if it `runs`."""
        with suppress(NotSignedIn):
            if runs or self._sandboxed or self.settings.key_source().is_at_hand:
                return self.account_name
        return None

    def _limiter(self, most: int, account: "Account") -> "ConcurrencyLimiter":
        """Shared with all processes of the account; a sandbox that is started again has forgotten what it asked for."""
        from aeforge_cli.api.retry import ConcurrencyLimiter
        from aeforge_cli.jobs.events import RetryScheduled
        from aeforge_cli.jobs.shared_limiter import SharedLimiter

        if self._sandboxed:
            return ConcurrencyLimiter(most)
        return SharedLimiter(
            most,
            journal=self.journal,
            account=account,
            clock=self.clock,
            held=lambda rest: self.console.notify(
                RetryScheduled("the service asked another process of this account to wait (Retry-After)", rest)
            ),
        )

    @property
    def has_journal(self) -> bool:
        """Whether there is a journal to ask; looking loads no database."""
        is_shared = not self._sandboxed and bool(self.settings["journal"].text)
        return is_shared or os.path.lexists(self.settings.state_dir / "jobs.sqlite3")

    @cached_property
    def has_unfinished(self) -> bool:
        """Whether the journal has any job whose end is not known."""
        try:
            return self.has_journal and self.journal.count_pending() > 0
        except JournalBusy:
            raise  # who asks again waits again
        except AeforgeError:
            return True  # the claim will say what is wrong

    @property
    def in_flight(self) -> int:
        """How many jobs may be in flight at once. Raises Usage."""
        return int(self.settings["jobs"].text)

    def budget_left(self, asked: "Sequence[Operation]") -> str:
        """What is left of the budgets for these jobs, as a clause; empty without a budget, or without a key."""
        from aeforge_cli.journal.interface import NoJournal

        account = self.account_if_known(runs=False)
        if account is None:
            return ""
        journal = self.journal if self.has_journal else NoJournal()  # before the first job, all of it is left
        return self.spending.left(asked, journal, self.service, account, self.clock.now())

    @property
    def timeout(self) -> float:
        """Seconds to wait for one job."""
        from aeforge_cli.config.catalogue import seconds

        limit = seconds(self.settings["timeout"].text)
        return math.inf if limit is None else limit

    def close(self) -> None:
        self._closing.close()
