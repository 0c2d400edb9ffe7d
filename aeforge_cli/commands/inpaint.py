"""`aeforge inpaint`: a picture and a prompt in, a picture out."""

from typing import TYPE_CHECKING

import typer

from aeforge_cli.commands.listing import Listing, Pictures
from aeforge_cli.commands.options import PromptOption, QualityOption, Terms, with_options
from aeforge_cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aeforge_cli.operations import Inpaint, Picture
    from aeforge_cli.plan import Wanted


def register(tree: typer.Typer) -> None:
    tree.command("inpaint")(inpaint)


@with_options
def inpaint(
    session: Session,
    pictures: Pictures,
    listing: Listing,
    terms: Terms,
    prompt: PromptOption = None,
    quality: QualityOption = None,
) -> None:
    """Edit part of a picture as a prompt says.

    The prompt names the area and what should be there. Without -o the links to the results are printed.

    Examples:

        aeforge inpaint photo.png -p "Change background to blue sky" -o sky.png

        aeforge inpaint photo.png -p "Remove object in upper right corner" -o out/ --sandbox
    """
    from aeforge_cli.commands.buying import chosen_quality
    from aeforge_cli.commands.ordering import buy_all
    from aeforge_cli.operations import Inpaint

    terms.apply(session, quality=quality, jobs=listing.jobs)

    def make(sources: "Sequence[Picture]", each: "Wanted") -> "Inpaint":
        return Inpaint(sources[0], each.words, chosen_quality(session, each.quality))

    buy_all(session, Inpaint, make, terms, listing, pictures, prompt=prompt)
