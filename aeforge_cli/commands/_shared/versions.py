"""Operations that the service has in two forms: which of them the options ask for."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import typer

from aeforge_cli.api.operations import Quality, Resolution
from aeforge_cli.errors import Usage


class ApiVersion(StrEnum):
    """The two forms that some of the service's operations have."""

    FIRST = "1"
    SECOND = "2"


ApiVersionOption = Annotated[
    ApiVersion | None, typer.Option("--api-version", help="Version of the operation.", show_default="by the options")
]


ResolutionOption = Annotated[
    Resolution | None,
    typer.Option("--resolution", case_sensitive=False, help="Size of the long side (version 1).", show_default="1K"),
]


VersionQualityOption = Annotated[
    Quality | None, typer.Option("--quality", "-q", help="Quality (version 2).", show_default="standard")
]


OF_VERSIONS = (frozenset({"resolution"}), frozenset({"quality"}))  # options that only one of the forms knows


def version_for(asked: ApiVersion | None, *, first: Mapping[str, object], second: Mapping[str, object]) -> ApiVersion:
    """The form of the operation that the options need; raises Usage where it does not know one of them.

    `first` and `second` are the options that only one of the forms knows; a value of None was not given.
    """
    needs_second = any(value is not None for value in second.values())
    version = asked or (ApiVersion.SECOND if needs_second else ApiVersion.FIRST)
    for name, value in (second if version is ApiVersion.FIRST else first).items():
        if value is not None:
            raise Usage(
                f"{name} is unknown to version {version} of the operation",
                hint=f"leave {name} out, or choose the version with --api-version",
            )
    return version
