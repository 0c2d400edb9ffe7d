"""Options that mean the same in every command: groups of them, taken as one parameter each."""

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import typer

from aeforge_cli.session import Session

Command = Callable[..., None]


def with_options(command: Command) -> Command:
    """Makes each field of a parameter that is a dataclass an option of its own, and so the fields of its fields.

    The command's first parameter is the session, which the front door keeps in typer's context.
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


@dataclass(frozen=True)
class VerbosityOptions:
    """Verbosity."""

    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per job; errors too are JSON.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")] = False
    verbose: Annotated[bool, typer.Option("--verbose", help="Say more on stderr.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Log the HTTP conversation, without secrets.")] = False

    def apply(self, session: Session) -> None:
        session.talk(json=self.json, quiet=self.quiet, verbose=self.verbose, debug=self.debug)


@dataclass(frozen=True)
class AccountOptions:
    """Account."""

    profile: Annotated[
        str | None, typer.Option("--profile", metavar="PROFILE", help="Use this account's settings.")
    ] = None
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="Ask another service with the same API.")
    ] = None
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Ask a stand-in on this machine: no key, no cost.")] = False

    def apply(self, session: Session, **options: str | None) -> None:
        session.use(profile=self.profile, sandbox=self.sandbox, options={"base_url": self.base_url, **options})


QualityOption = Annotated[
    Literal["standard", "pro"] | None,
    typer.Option("--quality", "-q", help="How much work the service puts in.", show_default="standard"),
]
PromptOption = Annotated[
    str | None,
    typer.Option(
        "--prompt", "-p", metavar="TEXT", help="What should be where. @FILE reads it from a file, @- from stdin."
    ),
]
TimeoutOption = Annotated[
    str | None,
    typer.Option(
        "--timeout", metavar="DURATION", help="How long to wait: 90, 90s, 10m, 1h; 0 without limit.", show_default="10m"
    ),
]


@dataclass(frozen=True)
class WaitingOptions:
    """Waiting."""

    timeout: TimeoutOption = None
    poll_interval: Annotated[
        str | None,
        typer.Option("--poll-interval", metavar="DURATION", help="Look this often; otherwise as the service advises."),
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
    bool,
    typer.Option("--github-output", callback=_publish, help="Give job_id, files and image_urls to the step's outputs."),
]


def _standard_output(output: str | None) -> str | None:
    """`-` for /dev/stdout, which is written like it: the picture alone, and nothing over it."""
    from aeforge_cli.files.regular import is_standard_output

    return "-" if output and is_standard_output(Path(output)) else output


@dataclass(frozen=True)
class OutputOptions:
    """Output."""

    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            callback=_standard_output,
            metavar="FILE|DIR/|TEMPLATE|-",
            help="Save the results; template fields: {stem} {name} {n} {job_id} {operation} {date} {ext}.",
        ),
    ] = None
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an output that exists.")] = False
    skip_existing: Annotated[bool, typer.Option("--skip-existing", help="Do nothing where the output exists.")] = False
    open: Annotated[bool, typer.Option("--open", help="Show the saved result in the system's viewer.")] = False
    preview: Annotated[
        bool, typer.Option("--preview", help="Draw before and after in the terminal, where it can show pictures.")
    ] = False
    github_output: GithubOutputOption = False


BudgetOption = Annotated[
    str | None, typer.Option("--budget", metavar="N/day", help="Spend no more than this; the smallest limit wins.")
]


@dataclass(frozen=True)
class SubmissionOptions:
    """Submission."""

    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the result, or print the job's id at once.")
    ] = True
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything, print the request as JSON, send nothing.")
    ] = False
    new: Annotated[bool, typer.Option("--new", help="Buy another job, even if the same work is not finished.")] = False
    budget: BudgetOption = None


@dataclass(frozen=True)
class RunOptions:
    """What can be said of every job that is submitted."""

    output: OutputOptions
    waiting: WaitingOptions
    submission: SubmissionOptions
    service: AccountOptions
    verbosity: VerbosityOptions

    def apply(self, session: Session, **options: str | None) -> None:
        self.verbosity.apply(session)
        session.saves_to(self.output.output)
        self.service.apply(session, timeout=self.waiting.timeout, budget=self.submission.budget, **options)
        _ = self.waiting.interval
        session.settings.check(is_sandboxed=session.is_sandboxed)
