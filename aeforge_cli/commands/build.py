"""`aeforge build`: a list of assets, which may be made of one another."""

import os
import shlex
from fnmatch import fnmatchcase
from pathlib import Path
from posixpath import normpath
from typing import TYPE_CHECKING, Annotated

import typer

from aeforge_cli.commands._shared.options import (
    AccountOptions,
    BudgetOption,
    GithubOutputOption,
    OutputOptions,
    RunOptions,
    SubmissionOptions,
    VerbosityOptions,
    WaitingOptions,
    with_options,
)
from aeforge_cli.commands._shared.sources import (
    BatchOptions,
    FailFastOption,
    JobsOption,
    MaxJobsOption,
    RecordOption,
    ReportOption,
    ShareOption,
    YesOption,
)
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import OutputExists, Usage
from aeforge_cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aeforge_cli.commands._shared.assets import Asset
    from aeforge_cli.commands._shared.plan import Planned
    from aeforge_cli.jobs.assets import Dependencies
    from aeforge_cli.jobs.delivery import Delivery

DEFAULT = "assets.toml"


@dataclass(frozen=True)
class ListOptions:
    """Inputs."""

    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]",
            help=f"The list: TOML, or JSON Lines with the same keys; {DEFAULT} if none is named; - for stdin.",
        ),
    ] = None
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="GLOB", help="Build assets whose out matches, and what they need; repeatable."),
    ] = None
    init: Annotated[bool, typer.Option("--init", help="Write an example of a list, and do nothing else.")] = False


@dataclass(frozen=True)
class BuildBatchOptions:
    """Batch."""

    jobs: JobsOption = None
    fail_fast: FailFastOption = False
    max_jobs: MaxJobsOption = None
    yes: YesOption = False
    share: ShareOption = False
    report: ReportOption = None
    record: RecordOption = None


@dataclass(frozen=True)
class BuildOutputOptions:
    """Output."""

    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files made or edited by hand, too.")] = False
    github_output: GithubOutputOption = False


@dataclass(frozen=True)
class BuildSubmissionOptions:
    """Submission."""

    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what each asset needs, send nothing.")] = False
    new: Annotated[bool, typer.Option("--new", help="Submit again where an answer or a result was lost.")] = False
    budget: BudgetOption = None


def register(tree: typer.Typer) -> None:
    tree.command("build")(build)


@with_options
def build(
    session: Session,
    listed: ListOptions,
    batch: BuildBatchOptions,
    output: BuildOutputOptions,
    waiting: WaitingOptions,
    submission: BuildSubmissionOptions,
    service: AccountOptions,
    verbosity: VerbosityOptions,
) -> None:
    """Make what is missing or out of date in a list of assets.

    Each asset has an output, an operation and its options. Its image may be the output of another asset, which is then
    made first. A job is submitted where the prompt, an option or an image is new. Earlier results are kept, or
    downloaded again at no cost. Files that were made or edited by hand are left alone. Paths are relative to the list.

    Examples:

        aeforge build --init

        aeforge build --dry-run

        aeforge build --max-jobs 20 --report report.html

        aeforge build art/assets.toml --only 'icons/*' -j 32 --yes
    """
    if listed.init:
        verbosity.apply(session)
        write_example(session, listed.file or DEFAULT)
        return
    run = RunOptions(
        OutputOptions(overwrite=output.overwrite, github_output=output.github_output),
        waiting,
        SubmissionOptions(dry_run=submission.dry_run, new=submission.new, budget=submission.budget),
        service,
        verbosity,
    )
    made = BatchOptions(
        jobs=batch.jobs,
        update=True,
        fail_fast=batch.fail_fast,
        max_jobs=batch.max_jobs,
        yes=batch.yes,
        share=batch.share,
        report=batch.report,
        record=batch.record,
    )
    run.apply(session, jobs=batch.jobs)
    _build(session, listed, run, made)


def _build(session: Session, listed: ListOptions, run: RunOptions, batch: BatchOptions) -> None:
    from aeforge_cli.commands._shared.checks import check_batch, check_own_files, prepare_outputs
    from aeforge_cli.commands._shared.run import run_plan
    from aeforge_cli.jobs.results import Action

    check_batch(session, run, batch)
    dry = run.submission.dry_run
    plan, others = _planned(session, listed, overwrite=run.output.overwrite, dry=dry, anew=run.submission.new)
    check_own_files([each.order for each in plan], batch)
    if not dry:
        prepare_outputs(each.order for each in plan if each.need.action is not Action.KEEP)
    run_plan(session, plan, run, batch, others)


def _planned(
    session: Session, listed: ListOptions, *, overwrite: bool, dry: bool, anew: bool
) -> "tuple[list[Planned], list[Delivery]]":
    """The jobs of the list, and where those go that --only leaves out. Raises Usage with all mistakes in it."""
    from aeforge_cli.commands._shared.asset_plan import AssetPlan
    from aeforge_cli.commands._shared.assets import AssetReader, check_pictures, check_results, dependencies_of
    from aeforge_cli.jobs.assets import Mistakes, read_assets

    name = _file(listed.file)
    content = read_assets(_text(name), name)
    mistakes = Mistakes(name)
    reader = AssetReader(
        content,
        os.path.dirname(name),  # noqa: PTH120 - "" for the folder that we are in
        mistakes,
        lambda setting: session.settings[setting].text,
        overwrite=overwrite,
        day=session.clock.now().date(),
    )
    assets = reader.assets()
    dependencies = dependencies_of(assets)
    check_results(assets, dependencies, mistakes)
    selected = _selected(assets, dependencies, listed.only)
    check_pictures(assets, selected, dependencies, mistakes)
    mistakes.check()
    plan = AssetPlan(session, assets, dependencies, mistakes, anew=anew).planned(selected, dry=dry)
    mistakes.check()
    others = (each.delivery for place, each in enumerate(assets) if place not in selected)
    return plan, [delivery for delivery in others if delivery]


def _selected(assets: "Sequence[Asset]", dependencies: "Dependencies", only: "Sequence[str] | None") -> set[int]:
    """The assets to build, by their places. Raises Usage for a pattern that matches none."""
    if not only:
        return set(range(len(assets)))
    names = [{each.out, normpath(each.out)} for each in assets]
    found: set[int] = set()
    for pattern in only:
        matching = {place for place, alike in enumerate(names) if any(fnmatchcase(name, pattern) for name in alike)}
        if not matching and assets:
            raise Usage(
                f"--only {pattern} matches no asset", hint=f"an asset is named by its out, such as {assets[0].out}"
            )
        found |= matching
    return dependencies.with_needed(found)


# ------------------------------------------------------------------ the file


def _file(name: str | None) -> str:
    """The list that is meant: the file, or that of the usual name in the folder. Raises Usage."""
    if name is None:
        if not Path(DEFAULT).is_file():
            raise Usage(f"There is no {DEFAULT} here", hint="name a list, or write an example: aeforge build --init")
        return DEFAULT
    return os.path.join(name, DEFAULT) if os.path.isdir(name) else name  # noqa: PTH112, PTH118 - as typed, any text


def _text(name: str) -> str:
    from aeforge_cli.files.texts import text_of

    return text_of(name, hint="check the name; aeforge build --init writes an example")


def write_example(session: Session, name: str) -> None:
    """Writes a list to begin with. Raises OutputExists, CannotSave."""
    from importlib.resources import files

    from aeforge_cli.errors import command
    from aeforge_cli.files.atomic import cannot_save

    path = Path(name, DEFAULT) if Path(name).is_dir() else Path(name)
    text = (files("aeforge_cli.commands._shared") / "assets.example.toml").read_text(encoding="utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise OutputExists(f"{path} exists", hint="choose another name: aeforge build --init FILE") from None
    except OSError as error:
        raise cannot_save(path, error) from None
    session.console.record({"path": str(path)}, text=[str(path)])
    session.console.note(f"an example was written; next: {command(f'build {shlex.quote(str(path))} --dry-run')}")
