"""`aeforge skill`: instructions for the assistants that people let drive this tool."""

import shlex
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from aeforge_cli.commands._shared.options import VerbosityOptions, with_options
from aeforge_cli.errors import CannotSave, OutputExists
from aeforge_cli.files.atomic import PartFile, cannot_save
from aeforge_cli.files.regular import open_regular
from aeforge_cli.session import Session

_LARGEST = 1 << 20  # bytes of a file that may be ours; the page has a few thousand


def register(tree: typer.Typer) -> None:
    tree.command("skill")(skill)


@with_options
def skill(
    session: Session,
    verbosity: VerbosityOptions,
    install: Annotated[bool, typer.Option("--install", help="Write it to ~/.claude/skills/aeforge.")] = False,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write it to a file, such as AGENTS.md.")
    ] = None,
) -> None:
    """Print instructions for AI assistants, or install them.

    One page: try in the sandbox first, ask for the price, never pay twice, and what each exit code asks for. A file
    that aeforge did not write is never replaced; to add the page to one, append it: aeforge skill >> AGENTS.md.

    Examples:

        aeforge skill --install

        aeforge skill --to AGENTS.md
    """
    from aeforge_cli.manual.from_typer import whole_tree
    from aeforge_cli.manual.skill import page
    from aeforge_cli.output.formats.values import LISTS, OF_FILES, OF_JOBS

    verbosity.apply(session)
    write = partial(page, whole_tree(), of_jobs=(*OF_JOBS, *LISTS), of_files=OF_FILES)
    places = [Path.home() / ".claude/skills/aeforge/SKILL.md"] if install else []
    places += [to] if to else []
    for place in places:
        _check(place)
    for place in places:
        _write(place, write(front_matter=place.name == "SKILL.md"))
        session.console.record({"path": str(place)}, text=[str(place)])
    if install:
        session.console.note(f"to undo this: rm -r {shlex.quote(str(places[0].parent))}")
    if not places:
        text = write(front_matter=False)
        session.console.record({"text": text}, text=text.splitlines())


def _check(place: Path) -> None:
    """Raises OutputExists for a file of somebody else's, and CannotSave for one that cannot be read."""
    from aeforge_cli.manual.skill import MARK

    try:
        with open_regular(place) as stream:
            is_ours = MARK.encode() in stream.read(_LARGEST)
    except FileNotFoundError:
        return
    except OSError as error:
        raise CannotSave(f"{place} cannot be replaced", why=error.strerror or "", hint="choose another file") from None
    if not is_ours:
        raise OutputExists(f"{place} was not written by aeforge", hint=f"aeforge skill >> {place}")


def _write(place: Path, text: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_save(place, error) from None
    with PartFile(place.parent) as part:
        part.write(text.encode())
        part.keep(place, replace=True, job_id="")
