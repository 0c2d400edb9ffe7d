"""`aeforge inpaint`: a picture and a prompt in, a picture out."""

from typing import TYPE_CHECKING, Annotated

import typer

from aeforge_cli.commands._shared.options import QualityOption, RunOptions, prompt_option, with_options
from aeforge_cli.commands._shared.sources import BatchOptions, InputOptions
from aeforge_cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aeforge_cli.api.operations import Inpaint
    from aeforge_cli.files.picture import Picture
    from aeforge_cli.jobs.manifest import Wanted


def register(tree: typer.Typer) -> None:
    tree.command("inpaint")(inpaint)


@with_options
def inpaint(
    session: Session,
    pictures: InputOptions,
    listing: BatchOptions,
    terms: RunOptions,
    prompt: Annotated[str | None, prompt_option("What to change, and where")] = None,
    quality: QualityOption = None,
) -> None:
    """Edit part of an image as a prompt describes.

    The prompt names the area and the change. Without -o, links to the results are printed.

    Examples:

        aeforge inpaint photo.png -p "Change background to blue sky" -o sky.png

        aeforge inpaint photo.png -p "Remove object in upper right corner" -o out/ --sandbox
    """
    from aeforge_cli.api.operations import Inpaint
    from aeforge_cli.commands._shared.buying import chosen_quality
    from aeforge_cli.commands._shared.ordering import buy_all

    terms.apply(session, quality=quality, jobs=listing.jobs)

    def make(sources: "Sequence[Picture]", each: "Wanted") -> "Inpaint":
        return Inpaint(sources[0], each.words, chosen_quality(session, each.quality))

    buy_all(session, Inpaint, make, terms, listing, pictures, prompt=prompt)
