"""Options that mean the same in every command: groups of them, taken as one parameter each."""

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import typer

from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import Usage
from aeforge_cli.session import Session

Command = Callable[..., None]


def with_options(command: Command) -> Command:
    """Makes each field of a parameter that is a dataclass an option of its own, and so the fields of its fields.

    The command's first parameter is the session, which `manual.from_typer` keeps in typer's context.
    """
    hints = get_type_hints(command, include_extras=True)
    named = list(inspect.signature(command).parameters.values())[1:]
    groups = {parameter.name: hints[parameter.name] for parameter in named if is_dataclass(hints[parameter.name])}
    flat = [inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]
    for parameter in named:
        if group := groups.get(parameter.name):
            flat += _parameters(group)
        else:
            flat.append(parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY))

    @functools.wraps(command)
    def flattened(ctx: typer.Context, **values: Any) -> None:
        for name, group in groups.items():
            values[name] = _gathered(group, values)
        command(ctx.obj, **values)

    flattened.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    flattened.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    return flattened


def _parameters(group: Any) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        hint = hints[field.name]
        if is_dataclass(hint):
            yield from _parameters(hint)
            continue
        for option in hint.__metadata__:
            option.rich_help_panel = group.__doc__.rstrip(".")  # the heading of the group in the help
        default = inspect.Parameter.empty if field.default is MISSING else field.default
        yield inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, annotation=hint, default=default)


def _gathered(group: Any, values: dict[str, Any]) -> Any:
    """The group, made of the values that are its own."""
    return group(
        **{
            field.name: _gathered(field.type, values) if is_dataclass(field.type) else values.pop(field.name)
            for field in fields(group)
        }
    )


@dataclass(frozen=True, eq=False)
class VerbosityOptions:
    """Verbosity."""

    json: Annotated[bool, typer.Option("--json", help="Print JSON, one object per line; errors too.")] = False
    output_format: Annotated[
        str | None,
        typer.Option("--format", metavar="NAME|TEMPLATE", help="Format: one of text, json, csv. Or a '{template}'."),
    ] = None
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False
    verbose: Annotated[bool, typer.Option("--verbose", help="Print more on stderr.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Log HTTP requests, with secrets blanked.")] = False

    def apply(self, session: Session) -> None:
        if self.json and self.output_format not in (None, "json"):
            raise Usage("--json and --format ask for two formats", hint="leave one of them out")
        chosen = "json" if self.json else self.output_format or "text"
        session.talk(output_format=chosen, quiet=self.quiet, verbose=self.verbose, debug=self.debug)


@dataclass(frozen=True, eq=False)
class AccountOptions:
    """Account."""

    profile: Annotated[
        str | None, typer.Option("--profile", metavar="PROFILE", help="Profile of the config file to use.")
    ] = None
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="URL of another service with the same API.")
    ] = None
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Use the local sandbox: no key, no cost.")] = False

    def apply(self, session: Session, **options: str | None) -> None:
        if self.sandbox and self.base_url is not None:
            raise Usage("--sandbox and --base-url cannot be combined", hint="leave one of them out")
        session.use(profile=self.profile, sandbox=self.sandbox, options={"base_url": self.base_url, **options})


QualityOption = Annotated[
    Literal["standard", "pro"] | None,
    typer.Option("--quality", "-q", help="Quality of the result.", show_default="standard"),
]


def prompt_option(what: str) -> Any:
    """`--prompt`, with what it says to the operation."""
    return typer.Option("--prompt", "-p", metavar="TEXT", help=f"{what}; @FILE or @- reads it.")


TimeoutOption = Annotated[
    str | None,
    typer.Option("--timeout", metavar="DURATION", help="Maximum wait: 90s, 10m, 1h; 0 = none.", show_default="10m"),
]


@dataclass(frozen=True, eq=False)
class WaitingOptions:
    """Waiting."""

    timeout: TimeoutOption = None
    poll_interval: Annotated[
        str | None, typer.Option("--poll-interval", metavar="DURATION", help="Poll interval (default: adaptive).")
    ] = None

    @property
    def interval(self) -> float | None:
        """Seconds between polls, if the user chose. Raises Usage."""
        from aeforge_cli.config.catalogue import interval

        return None if self.poll_interval is None else interval(self.poll_interval)


def _publish(ctx: typer.Context, value: bool) -> bool:
    if value:
        ctx.obj.console.publish()
    return value


GithubOutputOption = Annotated[
    bool, typer.Option("--github-output", callback=_publish, help="Set job_id, files and image_urls as step outputs.")
]


def _standard_output(output: str | None) -> str | None:
    """`-` for /dev/stdout, which is written like it: the picture alone, and nothing over it."""
    from aeforge_cli.files.regular import is_standard_output

    return "-" if output and is_standard_output(Path(output)) else output


@dataclass(frozen=True, eq=False)
class OutputOptions:
    """Output."""

    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            callback=_standard_output,
            metavar="FILE",
            help="Save to a file, DIR/ or template (- for stdout).",
        ),
    ] = None
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False
    skip_existing: Annotated[bool, typer.Option("--skip-existing", help="Skip jobs whose output exists.")] = False
    open: Annotated[bool, typer.Option("--open", help="Open the result in the system's viewer.")] = False
    preview: Annotated[bool, typer.Option("--preview", help="Draw before and after in the terminal.")] = False
    github_output: GithubOutputOption = False

    def apply(self, session: Session) -> None:
        session.saves_to(self.output, overwrite=self.overwrite, skip_existing=self.skip_existing)


BudgetOption = Annotated[
    str | None, typer.Option("--budget", metavar="N/day", help="Spending limit; the smallest limit applies.")
]


@dataclass(frozen=True, eq=False)
class SubmissionOptions:
    """Submission."""

    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait, or print the job id at once.")] = True
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, print the request, send nothing.")] = (
        False
    )
    new: Annotated[bool, typer.Option("--new", help="Submit a new job; do not resume an unfinished one.")] = False
    budget: BudgetOption = None


@dataclass(frozen=True, eq=False)
class RunOptions:
    """What can be said of every job that is submitted."""

    output: OutputOptions
    waiting: WaitingOptions
    submission: SubmissionOptions
    service: AccountOptions
    verbosity: VerbosityOptions

    def apply(self, session: Session, **options: str | None) -> None:
        self.verbosity.apply(session)
        session.console.expect_jobs()
        self.output.apply(session)
        self.service.apply(session, timeout=self.waiting.timeout, budget=self.submission.budget, **options)
        _ = self.waiting.interval
        session.settings.check(is_sandboxed=session.is_sandboxed)
