"""Where a command finds what it is to buy: pictures that are named, a file of paths, or a manifest."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aeforge_cli.errors import Usage

if TYPE_CHECKING:
    from aeforge_cli.api.operations import Operation
    from aeforge_cli.jobs.manifest import Wanted

ASK_ABOVE = 50


@dataclass(frozen=True)
class InputOptions:
    """Inputs."""

    images: Annotated[
        list[str] | None, typer.Argument(metavar="[IMAGE]...", help="Files, folders, http(s) URLs, or - for stdin.")
    ] = None
    from_: Annotated[
        str | None, typer.Option("--from", metavar="FILE|-", help="File with one path per line (- for stdin).")
    ] = None
    recursive: Annotated[bool, typer.Option("--recursive", help="Search subfolders.")] = False


@dataclass(frozen=True)
class BatchOptions:
    """Batch."""

    manifest: Annotated[
        str | None,
        typer.Option("--manifest", metavar="FILE|-", help="JSON Lines or CSV, one job per line (- for stdin)."),
    ] = None
    jobs: Annotated[
        str | None, typer.Option("--jobs", "-j", metavar="N", help="Jobs in progress at once.", show_default="16")
    ] = None
    resume: Annotated[bool, typer.Option("--resume", help="Skip finished jobs and resume unfinished ones.")] = False
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop submitting after the first failure.")] = False
    max_jobs: Annotated[
        int | None,
        typer.Option("--max-jobs", metavar="N", min=1, help="Refuse to submit more jobs.", show_default="no limit"),
    ] = None
    yes: Annotated[bool, typer.Option("--yes", help=f"Submit more than {ASK_ABOVE} jobs without asking.")] = False
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="K/N", help="Process the K-th of N equal parts of the list.")
    ] = None
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE.html", help="Write an HTML report: before, after, failures."),
    ] = None


@dataclass(frozen=True)
class Asked:
    """What a command is to buy; `is_list` unless one job was named plainly."""

    wanted: "list[Wanted]"
    is_list: bool


def asked(kind: "type[Operation]", listing: BatchOptions, pictures: InputOptions | None) -> Asked:
    """The jobs that arguments, a file of paths and a manifest name together; where no pictures can be named, one
    job without any if there is no list. Raises Usage."""
    from aeforge_cli.jobs.manifest import Wanted, from_arguments, from_manifest, from_paths

    wanted: list[Wanted] = []
    if pictures:
        wanted += from_arguments(pictures.images or (), recursive=pictures.recursive)
        wanted += from_paths(_text(pictures.from_)) if pictures.from_ else []
    if listing.manifest:
        wanted += from_manifest(_text(listing.manifest), listing.manifest, kind)
    elif not pictures:
        wanted = [Wanted()]
    if not wanted:
        raise Usage("No picture was named", hint="name pictures, a folder, --from FILE or --manifest FILE")
    is_plain = not (listing.manifest or listing.shard or listing.resume or listing.report)
    return Asked(
        [replace(each, index=index) for index, each in enumerate(wanted)],
        is_list=len(wanted) > 1 or not is_plain or bool(pictures and pictures.from_),
    )


def _text(name: str) -> str:
    """A list's text; names in it may hold bytes that are no UTF-8."""
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return content.decode("utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise Usage(f"{name} cannot be read", why=error.strerror or "", hint="check the name") from None
