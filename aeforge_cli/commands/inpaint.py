"""`aeforge inpaint`: a picture and a prompt in, a picture out."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from aeforge_cli.commands.listing import Listing, listed
from aeforge_cli.commands.options import (
    Buying,
    PromptForAllOption,
    QualityOption,
    Saving,
    Service,
    Talking,
    Waiting,
    with_options,
)
from aeforge_cli.errors import Usage
from aeforge_cli.session import Session

if TYPE_CHECKING:
    from aeforge_cli.operations import Inpaint, Picture
    from aeforge_cli.plan import Wanted

ImagesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[IMAGE]...", help="Pictures: paths, folders, http(s) addresses, or - for standard input."),
]


def register(tree: typer.Typer) -> None:
    tree.command("inpaint")(inpaint)


@with_options
def inpaint(
    session: Session,
    saving: Saving,
    waiting: Waiting,
    buying: Buying,
    service: Service,
    talking: Talking,
    listing: Listing,
    images: ImagesArgument = None,
    prompt: PromptForAllOption = None,
    quality: QualityOption = None,
) -> None:
    """Edit part of a picture as a prompt says.

    The prompt names the area and what should be there. Without -o the links to the results are printed.

    Examples:

        aeforge inpaint photo.png -p "Change background to blue sky" -o sky.png

        aeforge inpaint photo.png -p "Remove object in upper right corner" -o out/ --sandbox
    """
    from aeforge_cli.commands.buying import buy, picture, words
    from aeforge_cli.operations import EXAMPLE_PROMPT, Inpaint, Quality

    talking.apply(session)
    service.apply(session, quality=quality, timeout=waiting.timeout, jobs=listing.jobs)
    if prompt == "@-" and "-" in (*(images or ()), listing.manifest, listing.from_):
        raise Usage("Standard input cannot be both the prompt and something else", hint="name a file for one of them")
    text = words(prompt) if prompt is not None else None
    standard = session.settings["quality"].text
    wanted = [
        replace(each, prompt=each.prompt or text, quality=each.quality or standard)
        for each in listed(images or (), listing)
    ]

    def make(source: "Picture", each: "Wanted") -> "Inpaint":
        return Inpaint(source, each.prompt or "", Quality(each.quality or standard))

    if any(each.prompt is None for each in wanted):
        raise Usage("There is no prompt", hint=f"say what you want, for example: -p '{EXAMPLE_PROMPT}'")
    if len(wanted) == 1 and listing.is_plain:
        source = picture(session, wanted[0].image)
        buy(session, make(source, wanted[0]), [source], saving=saving, waiting=waiting, buying=buying)
    else:
        from aeforge_cli.commands.many import buy_many

        buy_many(
            session,
            wanted,
            make,
            operation=Inpaint.name,
            saving=saving,
            waiting=waiting,
            buying=buying,
            listing=listing,
        )
