"""`aeforge completion`: the script that completes the command line in a shell."""

from typing import Annotated

import typer

from aeforge_cli.commands._shared.options import with_options
from aeforge_cli.manual.completions import Shell, script
from aeforge_cli.session import Session


def register(tree: typer.Typer) -> None:
    tree.command("completion")(completion)


@with_options
def completion(
    session: Session, shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.")]
) -> None:
    """Print the completion script for a shell.

    Load it in the shell's startup file, or save it where the shell looks: for bash as
    ~/.local/share/bash-completion/completions/aeforge, for zsh as _aeforge in a folder of $fpath, for fish as
    ~/.config/fish/completions/aeforge.fish. The script never starts aeforge. pipx links it by itself.

    Examples:

        eval "$(aeforge completion bash)"

        source <(aeforge completion zsh)

        aeforge completion fish > ~/.config/fish/completions/aeforge.fish

        aeforge completion powershell | Out-String | Invoke-Expression
    """
    from aeforge_cli.manual.from_typer import whole_tree

    session.console.result(script(shell, whole_tree()).rstrip("\n"))
