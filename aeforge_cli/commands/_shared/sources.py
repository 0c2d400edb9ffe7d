"""What a command is to work on: pictures that are named, a file of paths, or a manifest."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from aeforge_cli.commands._shared.recipes import Recipe
    from aeforge_cli.files.picture import Picture
    from aeforge_cli.jobs.manifest import Line
    from aeforge_cli.session import Session

ASK_ABOVE = 50


@dataclass(frozen=True, eq=False)
class InputOptions:
    """Inputs."""

    images: Annotated[
        list[str] | None, typer.Argument(metavar="[IMAGE]...", help="Files, folders, http(s) URLs, or - for stdin.")
    ] = None
    from_: Annotated[
        str | None, typer.Option("--from", metavar="FILE|-", help="File with one path per line (- for stdin).")
    ] = None
    recursive: Annotated[bool, typer.Option("--recursive", help="Search subfolders.")] = False


JobsOption = Annotated[
    str | None, typer.Option("--jobs", "-j", metavar="N", help="Jobs in progress at once.", show_default="16")
]
FailFastOption = Annotated[bool, typer.Option("--fail-fast", help="Stop submitting after the first failure.")]
MaxJobsOption = Annotated[
    int | None,
    typer.Option("--max-jobs", metavar="N", min=1, help="Refuse to submit more jobs than N.", show_default="no limit"),
]
YesOption = Annotated[bool, typer.Option("--yes", help=f"Submit more than {ASK_ABOVE} jobs without confirmation.")]
ShareOption = Annotated[bool, typer.Option("--share", help="Do not fetch what other machines have saved.")]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="FILE.html", help="Write an HTML report: before, after, failures.")
]
RecordOption = Annotated[
    Path | None,
    typer.Option("--record", metavar="FILE.jsonl", help="Write a line for each saved file; use what it knows."),
]


@dataclass(frozen=True, eq=False)
class BatchOptions:
    """Batch."""

    manifest: Annotated[
        str | None,
        typer.Option("--manifest", metavar="FILE|-", help="JSON Lines or CSV, one job per line (- for stdin)."),
    ] = None
    jobs: JobsOption = None
    resume: Annotated[bool, typer.Option("--resume", help="Skip finished jobs and resume unfinished ones.")] = False
    update: Annotated[bool, typer.Option("--update", help="As --resume, and redo jobs that have changed.")] = False
    fail_fast: FailFastOption = False
    max_jobs: MaxJobsOption = None
    yes: YesOption = False
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="K/N", help="Process the K-th of N equal parts of the list.")
    ] = None
    share: ShareOption = False
    report: ReportOption = None
    record: RecordOption = None

    @property
    def finishing(self) -> tuple[str, ...]:
        """The options that finish the list when they are added to the same command."""
        return () if self.update else ("--resume",)


def named_lines(
    recipe: "Recipe", batch: BatchOptions, inputs: InputOptions | None, image: str | None, warn: "Callable[[str], None]"
) -> "list[Line]":
    """The jobs that arguments, a file of paths and a manifest name together; where no pictures can be named, one job
    without any if there is no list. Raises Usage."""
    from aeforge_cli.commands._shared.recipes import Image
    from aeforge_cli.jobs.manifest import Columns, Line, from_arguments, from_manifest, from_paths

    lines: list[Line] = []
    if inputs:
        lines += from_arguments(inputs.images or (), recursive=inputs.recursive, warn=warn)
        lines += from_paths(_text(inputs.from_)) if inputs.from_ else []
    if batch.manifest:
        needs_image = recipe.image is Image.REQUIRED
        columns = Columns(recipe.name, recipe.columns, recipe.image is not Image.NONE, needs_image)
        lines += from_manifest(_text(batch.manifest), batch.manifest, columns)
    elif not inputs:
        lines = [Line(image)]
    if not lines:
        raise Usage("No picture was named", hint="name pictures, a folder, --from FILE or --manifest FILE")
    return [replace(each, index=index) for index, each in enumerate(lines)]


def check_stdin(*names: str | None) -> None:
    """Raises Usage where standard input would have to be two things: pictures, lists, or a text as `@-`."""
    if sum(name in ("-", "@-") for name in names) > 1:
        raise Usage("Standard input can be read only once", hint="name files for the rest")


def words(text: str) -> str:
    """A prompt, or what `@FILE` or `@-` holds; `@@` stands for a prompt that begins with @. Raises Usage."""
    if not text.startswith("@"):
        return as_utf8(text)
    if text.startswith("@@"):
        return as_utf8(text[1:])
    from aeforge_cli.files.texts import text_of

    hint = "@FILE names a UTF-8 text file; for a prompt that begins with @ write @@"
    return text_of(text[1:], purpose=" as a prompt", hint=hint).strip()


def as_utf8(text: str) -> str:
    """An argument's bytes as UTF-8 where they are, whatever the locale takes them for (LC_ALL=C, Latin-1)."""
    try:
        return os.fsencode(text).decode()
    except UnicodeError:
        return text


def picture(session: "Session", text: str) -> "Picture":
    """The picture a user named: a path, an address, or `-` for standard input. Raises FileMissing, NotAnImage."""
    from aeforge_cli.api.web_inputs import from_address, is_address
    from aeforge_cli.files.inputs import from_path, from_stream
    from aeforge_cli.files.texts import standard_input

    if text == "-":
        return from_stream(standard_input(), label="-", name="stdin")
    if is_address(text):
        return from_address(text, session.fetcher)
    return from_path(text)


def _text(name: str) -> str:
    from aeforge_cli.files.texts import UNDECODED, text_of

    return text_of(name, hint="check the name", errors=UNDECODED)
