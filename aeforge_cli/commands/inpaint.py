"""`aeforge inpaint`: a picture and a prompt in, a picture out."""

from typing import Annotated

import typer

from aeforge_cli.commands.buying import buy, picture, words
from aeforge_cli.commands.options import (
    Buying,
    PromptOption,
    QualityOption,
    Saving,
    Service,
    Talking,
    Waiting,
    with_options,
)
from aeforge_cli.errors import Usage
from aeforge_cli.operations import Inpaint, Quality
from aeforge_cli.session import Session

ImageArgument = Annotated[
    str, typer.Argument(metavar="IMAGE", help="A picture: a path, an http(s) address, or - for standard input.")
]


def register(tree: typer.Typer) -> None:
    tree.command("inpaint")(inpaint)


@with_options
def inpaint(
    session: Session,
    image: ImageArgument,
    prompt: PromptOption,
    saving: Saving,
    waiting: Waiting,
    buying: Buying,
    service: Service,
    talking: Talking,
    quality: QualityOption = None,
) -> None:
    """Edit part of a picture as a prompt says.

    The prompt names the area and what should be there. Without -o the links to the results are printed.

    Examples:

        aeforge inpaint photo.png -p "Change background to blue sky" -o sky.png

        aeforge inpaint photo.png -p "Remove object in upper right corner" -o out/ --sandbox
    """
    talking.apply(session)
    service.apply(session, quality=quality, timeout=waiting.timeout)
    if image == "-" and prompt == "@-":
        raise Usage("Standard input cannot be both the picture and the prompt", hint="name a file for one of them")
    source = picture(session, image)
    operation = Inpaint(source, words(prompt), Quality(session.settings["quality"].text))
    buy(session, operation, [source], saving=saving, waiting=waiting, buying=buying)
