"""A form is sent once, byte for byte as RFC 7578 has it, and knows whether all of it was handed over."""

import io
import os
import time
from collections.abc import Callable
from dataclasses import replace
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.api.multipart import BLOCK, MultipartBody
from aeforge_cli.api.operations import CharacterOverlayV1, Inpaint, Resolution
from aeforge_cli.errors import FileMissing
from aeforge_cli.files.image_headers import Format, file_stamp
from aeforge_cli.files.inputs import from_path
from aeforge_cli.files.picture import Picture
from tests.conftest import png
from tests.unit.conftest import inpaint, picture

LARGE = png(5, side=1000, packed=False)


def parsed(body: MultipartBody) -> list[tuple[str, str | None, str, bytes]]:
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
    body = MultipartBody(Inpaint(picture(label="my photo.png"), "Change background to blue sky"))

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
    body = MultipartBody(Inpaint(picture(label='secret "plans"\r\n.png', found=found), "x"))

    assert parsed(body)[0][1:3] == (name, kind)


def test_a_repeated_field_is_sent_for_each_picture() -> None:
    rows = '[{"row": 0, "title": "walk", "description": "walks"}]'
    one, two = picture(png(1)), picture(png(2))

    body = MultipartBody(CharacterOverlayV1(one, (one, two), rows, Resolution.ONE_K))

    assert [(name, content) for name, _, _, content in parsed(body)] == [
        ("sprite_sheet", png(1)),
        ("character_images", png(1)),
        ("character_images", png(2)),
        ("rows", rows.encode()),
        ("resolution", b"1K"),
    ]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_prompt_arrives_as_it_was_written_and_as_long_as_announced(prompt: str) -> None:
    content = b"".join(body := MultipartBody(inpaint(f"x{prompt}")))

    assert len(content) == len(body)
    assert b'name="prompt"\r\n\r\nx' + prompt.encode() + b"\r\n--" in content


def test_no_two_forms_share_a_boundary() -> None:
    assert MultipartBody(inpaint()).content_type != MultipartBody(inpaint()).content_type


def test_a_form_is_never_sent_twice() -> None:
    body = MultipartBody(inpaint())
    b"".join(body)

    with pytest.raises(RuntimeError, match="a paid request is sent once"):
        iter(body)


def test_a_form_is_delivered_with_its_last_byte_and_not_before() -> None:
    body = MultipartBody(inpaint())
    blocks = iter(body)
    delivered = [body.delivered for _ in blocks]

    assert delivered == [False] * len(delivered)
    assert body.delivered is True


def test_progress_is_told_of_bytes_that_were_taken() -> None:
    told: list[tuple[int, int]] = []
    body = MultipartBody(inpaint(content=LARGE), lambda sent, size: told.append((sent, size)))

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
    body = MultipartBody(Inpaint(replace(unchanged, open=changing(content)), "x"))
    sent: list[bytes] = []

    with pytest.raises(FileMissing) as refused:
        sent.extend(body)

    assert refused.value.message == "photo.png changed while it was being sent"
    assert len(b"".join(sent)) < len(body)
    assert body.delivered is False


def _replaced_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("change", "why"),
    [(Path.unlink, "No such file or directory"), (_replaced_by_a_folder, "it is a folder, not a regular file")],
    ids=["deleted", "a folder"],
)
def test_a_picture_that_is_gone_when_it_is_sent_is_named_and_no_fault_of_the_network(
    tmp_path: Path, change: Callable[[Path], object], why: str
) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(LARGE)
    body = MultipartBody(Inpaint(from_path(str(path)), "x"))
    change(path)

    with pytest.raises(FileMissing) as refused:
        list(body)

    assert refused.value.message == f"{path} could not be read while it was being sent"
    assert refused.value.why == f"{why}; the rest was held back, so no job was made"
    assert body.delivered is False


def settled(path: Path) -> Picture:
    """The picture in a file that nobody has written to for a while."""
    path.write_bytes(LARGE)
    long_ago = time.time() - 3600
    os.utime(path, (long_ago, long_ago))
    found = from_path(str(path))
    # The time of the record's own change cannot be set back; an hour ago the clock was an hour behind.
    return replace(found, stamp=file_stamp_of(path))


def file_stamp_of(path: Path) -> tuple[int, ...]:
    with path.open("rb") as stream:
        return file_stamp(stream)


def test_a_settled_file_is_sent_as_it_is(tmp_path: Path) -> None:
    found = settled(tmp_path / "photo.png")

    assert LARGE in b"".join(MultipartBody(Inpaint(found, "x")))


@pytest.mark.parametrize("when", ["before", "while"])
def test_a_settled_file_that_is_changed_in_place_is_held_back_before_its_end(tmp_path: Path, when: str) -> None:
    """Its size stays, and so does its time of change, as some tools keep it."""
    path = tmp_path / "photo.png"
    found = settled(path)
    body = MultipartBody(Inpaint(found, "x"))
    blocks = iter(body)
    sent = b"" if when == "before" else next(blocks) + next(blocks)
    times = path.stat()
    path.write_bytes(LARGE[:-20] + bytes(20))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    with pytest.raises(FileMissing):
        sent += b"".join(blocks)

    assert body.delivered is False


def test_a_file_written_just_now_is_hashed_again_while_it_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(LARGE)

    assert from_path(str(path)).stamp is None


def test_a_settled_file_that_was_only_touched_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    found = settled(path)

    path.touch()

    assert LARGE in b"".join(MultipartBody(Inpaint(found, "x")))
