"""The forms in which results can be printed, one file each.

To add one, write a class with the methods of `interface.OutputFormat`, and name it in `named`.
"""

from typing import TYPE_CHECKING

from aeforge_cli.errors import Usage

if TYPE_CHECKING:
    from aeforge_cli.output.formats.interface import OutputFormat

NAMES = ("text", "json", "csv")


def named(text: str) -> "OutputFormat":
    """The format that `--format` asks for; anything with braces is a template. Raises Usage."""
    match text:
        case "text":
            from aeforge_cli.output.formats.text import Text

            return Text()
        case "json":
            from aeforge_cli.output.formats.json_lines import JsonLines

            return JsonLines()
        case "csv":
            from aeforge_cli.output.formats.csv_lines import CsvLines

            return CsvLines()
        case _ if "{" in text:
            from aeforge_cli.output.formats.template import Template

            return Template(text)
        case _:
            raise Usage(
                f"{text!r} is not a valid format",
                hint=f"use {', '.join(NAMES)}, or a template such as '{{job_id}} {{path}}'",
            )
