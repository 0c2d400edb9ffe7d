"""`aeforge api`: any call to the service, with the key, the retries and the error handling of the rest."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from aeforge_cli.api.operations import OPERATIONS, Operation, Part
from aeforge_cli.commands._shared.options import AccountOptions, TimeoutOption, VerbosityOptions, with_options
from aeforge_cli.commands._shared.sources import picture
from aeforge_cli.dataclass import dataclass
from aeforge_cli.errors import Usage
from aeforge_cli.jobs.events import RetryScheduled
from aeforge_cli.jobs.orders import Order
from aeforge_cli.journal.interface import Reuse
from aeforge_cli.output.untrusted import clean
from aeforge_cli.session import Session

if TYPE_CHECKING:
    from aeforge_cli.api.transport import Answer, Request, Sink, Transport


class Method(StrEnum):
    GET = "GET"
    POST = "POST"


def register(tree: typer.Typer) -> None:
    tree.command("api")(api)


@with_options
def api(
    session: Session,
    method: Annotated[Method, typer.Argument(metavar="METHOD", case_sensitive=False, help="GET or POST.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="Path below the base URL, such as image-tune/upscale.")],
    service: AccountOptions,
    verbosity: VerbosityOptions,
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--field", "-F", metavar="NAME=VALUE|NAME=@IMAGE", help="Form field; @ attaches an image; repeatable."
        ),
    ] = None,
    timeout: TimeoutOption = None,
    new: Annotated[bool, typer.Option("--new", help="Send it even if the same request is unfinished.")] = False,
) -> None:
    """Send any request to the service, and print the response.

    A GET is retried on temporary failures. A POST may submit a job: it is recorded in the journal, and sent once.

    Examples:

        aeforge api GET job/550e8400-e29b-41d4-a716-446655440000

        aeforge api POST image-tune/upscale -F image=@photo.png -F scale=4K | jq -r .job_id
    """
    verbosity.apply(session)
    service.apply(session, timeout=timeout)
    endpoint = _checked(path)
    parts = tuple(_parts(session, fields or ()))
    if method is Method.GET and parts:
        raise Usage("A GET takes no form fields", hint="leave -F out, or use POST")
    body = _got(session, endpoint) if method is Method.GET else _posted(session, _call(endpoint, parts), anew=new)
    _print(session, body)


def _checked(path: str) -> str:
    """The path without slashes at its beginning; raises Usage for one that leads elsewhere."""
    found = path.lstrip("/")
    if not re.fullmatch(r"[A-Za-z0-9._~%/:@=&?+,-]+", found) or "://" in found or ".." in found.split("/"):
        raise Usage(f"{path!r} is not a valid path", hint="for example: job/550e8400-e29b-41d4-a716-446655440000")
    return found


def _print(session: Session, body: bytes) -> None:
    """As it came for a script, harmless for a terminal."""
    if not session.console.out_is_terminal:
        session.console.answer(body)
        return
    for line in body.decode("utf-8", "replace").splitlines():
        session.console.result(clean(line, 8192))


def _got(session: Session, path: str) -> bytes:
    """Asks, and asks again where that may help."""
    answer = session.client.insist(
        lambda: session.client.get(path), lambda why, pause: session.console.notify(RetryScheduled(why, pause))
    )
    return answer.body


# ------------------------------------------------------------------ POST


def _parts(session: Session, fields: Sequence[str]) -> Iterator[Part]:
    if sum(text.endswith("=@-") for text in fields) > 1:
        raise Usage("Standard input can be read only once", hint="name files for the rest")
    for text in fields:
        name, equals, value = text.partition("=")
        if not (equals and re.fullmatch(r"[A-Za-z0-9_.\[\]-]+", name)):
            raise Usage(f"{text!r} is not a valid field", hint="for example: -F scale=4K, or -F image=@photo.png")
        yield Part(name, picture(session, value[1:]) if value.startswith("@") else value)


def _call(endpoint: str, form: tuple[Part, ...]) -> Operation:
    """The operation that has just this path and just these fields."""

    class Call(Operation):
        path = endpoint
        name = next((known.name for known in OPERATIONS if known.path == endpoint), "api")

        def parts(self) -> Iterator[Part]:
            return iter(form)

    return Call()


def _posted(session: Session, operation: Operation, *, anew: bool) -> bytes:
    """Sends the form once, by way of the journal. Raises as a submission does."""
    tape = _Tape(session.transport)
    lifecycle = replace(session.lifecycle(), client=session.client_over(tape))
    label = next((picture.label for picture in operation.pictures()), "")
    order = Order(lambda: operation, type(operation), label, reuse=Reuse.NOTHING if anew else Reuse.UNFINISHED)
    job = lifecycle.obtain_now(order, session.clock.monotonic() + session.timeout)
    # A job that is resumed was answered in another run: its id is all there was.
    return tape.heard or json.dumps({"job_id": job.job_id}).encode()


@dataclass
class _Tape:
    """A transport that remembers the body of the last answer."""

    transport: "Transport"
    heard: bytes = b""

    def ask(self, request: "Request") -> "Answer":
        answer = self.transport.ask(request)
        self.heard = answer.body
        return answer

    def fetch(self, url: str, sink: "Sink") -> "Answer":
        return self.transport.fetch(url, sink)
