"""Where a command that buys many jobs finds them listed: arguments, a file of paths, or a manifest."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aeforge_cli.errors import Usage

if TYPE_CHECKING:
    from aeforge_cli.plan import Wanted

ASK_ABOVE = 50


@dataclass(frozen=True)
class Listing:
    """Where the jobs are listed, how many may be under way, and when to stop."""

    manifest: Annotated[
        str | None,
        typer.Option(
            "--manifest",
            metavar="FILE|-",
            help="One job a line: JSON Lines or CSV with image, prompt, quality, output.",
        ),
    ] = None
    from_: Annotated[
        str | None, typer.Option("--from", metavar="FILE|-", help="Read paths of pictures, one a line.")
    ] = None
    recursive: Annotated[bool, typer.Option("--recursive", help="Take the pictures in folders of folders too.")] = False
    jobs: Annotated[
        str | None, typer.Option("--jobs", "-j", metavar="N", help="How many jobs may be under way.", show_default="16")
    ] = None
    resume: Annotated[
        bool, typer.Option("--resume", help="Do only what the journal and the disk say is not finished.")
    ] = False
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Submit nothing more after a failure.")] = False
    max_jobs: Annotated[
        int | None, typer.Option("--max-jobs", metavar="N", min=1, help="Refuse to buy more.", show_default="no limit")
    ] = None
    yes: Annotated[bool, typer.Option("--yes", help=f"Buy more than {ASK_ABOVE} jobs without being asked.")] = False
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="K/N", help="Only the K-th of N equal shares of the list.")
    ] = None
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.html", help="Write a page: before, after, times, failures.")
    ] = None

    @property
    def is_plain(self) -> bool:
        """Whether nothing but pictures was named."""
        return not (self.manifest or self.from_ or self.shard or self.resume or self.report)


def listed(images: Sequence[str], listing: Listing) -> "list[Wanted]":
    """The jobs that the arguments, a manifest and a list of paths name together. Raises Usage."""
    if [*images, listing.manifest, listing.from_].count("-") > 1:
        raise Usage("Standard input can be read only once", hint="name a file for one of them")
    from aeforge_cli.plan import from_arguments, from_manifest, from_paths

    wanted = from_arguments(images, recursive=listing.recursive)
    if listing.from_:
        wanted += from_paths(_text(listing.from_))
    if listing.manifest:
        wanted += from_manifest(_text(listing.manifest), listing.manifest)
    if not wanted:
        raise Usage("No picture was named", hint="name pictures, a folder, --from FILE or --manifest FILE")
    if len(wanted) > 1 and any(each.image == "-" for each in wanted):
        raise Usage("Standard input is one picture", hint="name it alone, or read paths with --from -")
    return [replace(each, index=index) for index, each in enumerate(wanted)]


def _text(name: str) -> str:
    """A list's text; names in it may hold bytes that are no UTF-8."""
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return content.decode("utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise Usage(f"{name} cannot be read", why=error.strerror or "", hint="check the name") from None
