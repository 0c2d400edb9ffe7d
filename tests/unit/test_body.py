"""A form is sent once, byte for byte as RFC 7578 has it, and knows whether all of it was handed over."""

import io
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.policy import HTTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.body import BLOCK, Body
from aeforge_cli.errors import FileMissing
from aeforge_cli.images import Format
from aeforge_cli.operations import CharacterOverlayV1, Inpaint, Picture, Resolution
from tests.conftest import png
from tests.unit.conftest import inpaint, picture

LARGE = png(5, side=500, packed=False)


def parsed(body: Body) -> list[tuple[str, str | None, str, bytes]]:
    """(field, file name, type, content) of each part, by a parser of others."""
    head = f"Content-Type: {body.content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + b"".join(body))
    assert isinstance(message, EmailMessage)
    return [(*_named(part), part.get_content_type(), _content(part)) for part in message.iter_parts()]


def _named(part: MIMEPart) -> tuple[str, str | None]:
    return str(part.get_param("name", header="content-disposition")), part.get_filename()


def _content(part: MIMEPart) -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def test_the_form_is_the_documented_one() -> None:
    body = Body(Inpaint(picture(label="my photo.png"), "Change background to blue sky"))

    assert parsed(body) == [
        ("image", "image.png", "image/png", png(0x336699)),
        ("prompt", None, "text/plain", b"Change background to blue sky"),
        ("quality", None, "text/plain", b"standard"),
    ]


@pytest.mark.parametrize(
    ("found", "name", "kind"),
    [
        (Format.PNG, "image.png", "image/png"),
        (Format.JPEG, "image.jpg", "image/jpeg"),
        (Format.WEBP, "image.webp", "image/webp"),
        (Format.GIF, "image.gif", "image/gif"),
    ],
    ids=str,
)
def test_a_picture_is_named_by_its_content_never_by_its_owner(found: Format, name: str, kind: str) -> None:
    body = Body(Inpaint(picture(label='secret "plans"\r\n.png', found=found), "x"))

    assert parsed(body)[0][1:3] == (name, kind)


def test_a_repeated_field_is_sent_for_each_picture() -> None:
    rows = '[{"row": 0, "title": "walk", "description": "walks"}]'
    one, two = picture(png(1)), picture(png(2))

    body = Body(CharacterOverlayV1(one, (one, two), rows, Resolution.ONE_K))

    assert [(name, content) for name, _, _, content in parsed(body)] == [
        ("sprite_sheet", png(1)),
        ("character_images", png(1)),
        ("character_images", png(2)),
        ("rows", rows.encode()),
        ("resolution", b"1K"),
    ]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_prompt_arrives_as_it_was_written_and_as_long_as_announced(prompt: str) -> None:
    content = b"".join(body := Body(inpaint(prompt)))

    assert len(content) == len(body)
    assert b'name="prompt"\r\n\r\n' + prompt.encode() + b"\r\n--" in content


def test_no_two_forms_share_a_boundary() -> None:
    assert Body(inpaint()).content_type != Body(inpaint()).content_type


def test_a_form_is_never_sent_twice() -> None:
    body = Body(inpaint())
    b"".join(body)

    with pytest.raises(RuntimeError, match="a paid request is sent once"):
        iter(body)


def test_a_form_is_delivered_with_its_last_byte_and_not_before() -> None:
    body = Body(inpaint())
    blocks = iter(body)
    delivered = [body.delivered for _ in blocks]

    assert delivered == [False] * len(delivered)
    assert body.delivered is True


def test_progress_is_told_of_bytes_that_were_taken() -> None:
    told: list[tuple[int, int]] = []
    body = Body(inpaint(content=LARGE), lambda sent, size: told.append((sent, size)))

    size = len(b"".join(body))

    assert len(LARGE) > 2 * BLOCK
    assert {each for _, each in told} == {size}
    assert [sent for sent, _ in told] == sorted({sent for sent, _ in told})
    assert told[-1] == (size, size)


def changing(content: bytes) -> Callable[[], io.BytesIO]:
    return lambda: io.BytesIO(content)


CHANGES = {
    "another byte": LARGE[:-1] + b"?",
    "an early byte": b"?" + LARGE[1:],
    "shorter": LARGE[:-1],
    "much shorter": LARGE[:10],
    "empty": b"",
    "longer": LARGE + b"?",
}


@pytest.mark.parametrize("content", CHANGES.values(), ids=CHANGES)
def test_a_picture_that_changed_meanwhile_is_held_back_before_its_end(content: bytes) -> None:
    unchanged: Picture = picture(LARGE)
    body = Body(Inpaint(replace(unchanged, open=changing(content)), "x"))
    sent: list[bytes] = []

    with pytest.raises(FileMissing) as refused:
        sent.extend(body)

    assert refused.value.message == "photo.png changed while it was being sent"
    assert len(b"".join(sent)) < len(body)
    assert body.delivered is False
