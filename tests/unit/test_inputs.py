"""Pictures to send are judged by their content, before anything is sent."""

import gc
import io
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aeforge_cli.api.transport import Answer, Fault, Sink, TransportError
from aeforge_cli.api.web_inputs import from_address, is_address, label_of
from aeforge_cli.errors import AeforgeError, FileMissing, NotAnImage, Usage
from aeforge_cli.files.image_headers import Format, ImageInfo
from aeforge_cli.files.inputs import (
    BLOCK,
    MOST_BYTES,
    MOST_TEXT,
    Spool,
    all_of,
    from_path,
    from_stream,
    local_path,
    why_not_a_picture,
)
from aeforge_cli.files.picture import Picture
from tests.conftest import chunk, png

CONTENT = png(0x336699)


@pytest.fixture(autouse=True)
def all_let_go() -> Iterator[None]:
    """What was read from a pipe is closed with the picture made of it: a warning would fail the test."""
    yield
    gc.collect()


def known(picture: Picture) -> tuple[str, str, ImageInfo, int, str, bytes]:
    with picture.open() as stream:
        return picture.label, picture.name, picture.info, picture.size, picture.sha256, stream.read()


def expected(label: str, name: str) -> tuple[str, str, ImageInfo, int, str, bytes]:
    return label, name, ImageInfo(Format.PNG, 16, 16), len(CONTENT), sha256(CONTENT).hexdigest(), CONTENT


def told(error: AeforgeError) -> tuple[str, str, str]:
    return error.message, error.why, error.hint


# ------------------------------------------------------------------ files


def test_a_file_is_known_by_what_the_user_called_it(tmp_path: Path) -> None:
    path = tmp_path / "my photo.png"
    path.write_bytes(CONTENT)

    assert known(from_path(str(path))) == expected(str(path), "my photo.png")


@pytest.mark.parametrize("name", ["photo.txt", "photo", "photo.jpg", ".png"])
def test_a_picture_is_one_whatever_its_suffix(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(CONTENT)

    assert from_path(str(tmp_path / name)).info.format is Format.PNG


def test_a_picture_can_be_read_as_often_as_it_must_be_sent(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(CONTENT)
    picture = from_path(str(tmp_path / "a.png"))

    assert [known(picture)[-1], known(picture)[-1]] == [CONTENT, CONTENT]


def test_a_link_to_a_picture_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(CONTENT)
    (tmp_path / "link").symlink_to("a.png")

    assert from_path(str(tmp_path / "link")).size == len(CONTENT)


def test_a_missing_file_is_told_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "none.png"

    with pytest.raises(FileMissing) as refused:
        from_path(str(path))

    assert told(refused.value) == (f"{path} cannot be read", "No such file or directory", "check the name")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_told_as_one(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(CONTENT)
    path.chmod(0)

    with pytest.raises(FileMissing) as refused:
        from_path(str(path))

    assert told(refused.value) == (f"{path} cannot be read", "Permission denied", "check its permissions")


def test_a_name_that_the_system_cannot_have_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        from_path(str(tmp_path / ("a" * 300)))


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(Usage) as refused:
        from_path(str(tmp_path))

    assert told(refused.value) == (f"{tmp_path} is a folder", "", "name the pictures in it")


def test_a_pipe_with_a_name_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(NotAnImage, match="is not a regular file"):
        from_path(str(tmp_path / "pipe"))


def test_a_device_that_never_ends_is_not_read() -> None:
    with pytest.raises(NotAnImage, match="/dev/zero is not a regular file"):
        from_path("/dev/zero")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"hello", "is not a picture"), (b"<html>", "is not a picture")],
    ids=["empty", "text", "html"],
)
def test_a_file_that_holds_no_picture_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(content)

    with pytest.raises(NotAnImage) as refused:
        from_path(str(path))

    assert refused.value.message == f"{path} {message}"
    assert refused.value.hint == "give a PNG, JPEG or WebP picture"


def test_a_huge_file_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(CONTENT)
    os.truncate(path, MOST_BYTES + 1)

    with pytest.raises(NotAnImage) as refused:
        from_path(str(path))

    assert refused.value.message == f"{path} is larger than 256 MiB"


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (CONTENT[:-12], "PNG"),
        (b"\xff\xd8\xff\xe0", "JPEG"),
        (b"RIFF\xff\0\0\0WEBPVP8 ", "WEBP"),
        (b"GIF89a\1\0\1\0\0\0\0", "GIF"),
    ],
    ids=["a PNG without its end", "4 bytes of a JPEG", "the head of a WebP", "the head of a GIF"],
)
def test_half_a_picture_is_refused(tmp_path: Path, content: bytes, form: str) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(content)

    with pytest.raises(NotAnImage) as refused:
        from_path(str(path))

    assert told(refused.value) == (
        f"{path} is not a complete picture",
        f"it begins as {form}, and its end is missing",
        "copy or download it again",
    )


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), "PNG"),
        (b"\xff\xd8\xff\xda\0\2\xff\xd9", "JPEG"),
        (b"GIF89a" + bytes(7) + b";", "GIF"),
        (b"RIFF\x08\0\0\0WEBPXXXX", "WEBP"),
    ],
    ids=["PNG", "JPEG", "GIF", "WebP"],
)
def test_a_beginning_and_an_end_alone_are_refused(tmp_path: Path, content: bytes, form: str) -> None:
    (tmp_path / "a").write_bytes(content)

    with pytest.raises(NotAnImage) as refused:
        from_path(str(tmp_path / "a"))

    assert refused.value.why == f"it begins as {form}, and its size is missing"


def test_a_picture_without_pixels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    begins, ends = CONTENT.index(b"IDAT") - 4, CONTENT.index(b"IEND") - 4
    path.write_bytes(CONTENT[:begins] + CONTENT[ends:])

    with pytest.raises(NotAnImage) as refused:
        from_path(str(path))

    assert told(refused.value)[:2] == (f"{path} is not a complete picture", "it has no pixels")


def test_a_text_that_begins_like_a_bmp_is_not_a_picture(tmp_path: Path) -> None:
    (tmp_path / "notes.bmp").write_text("BMW and other makers of cars, in the order of their founding, by country")

    with pytest.raises(NotAnImage, match="is not a picture"):
        from_path(str(tmp_path / "notes.bmp"))


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif"])
@pytest.mark.parametrize(
    "appended", [b"\0", b"\r\n", bytes(30_000)], ids=["a zero", "a line end", "a trailer of 30 kB"]
)
def test_what_cameras_and_editors_append_to_a_picture_is_no_matter(
    tmp_path: Path, pictures: Mapping[str, bytes], suffix: str, appended: bytes
) -> None:
    (tmp_path / "a").write_bytes(pictures[suffix] + appended)

    assert from_path(str(tmp_path / "a")).size == len(pictures[suffix]) + len(appended)


# ------------------------------------------------------------------ how people name files


@pytest.mark.parametrize(
    "name", ["my photo.png", "a#b?c.png", "it's.png", "50%.png", "日本.png", "x\udcff.png", 'a"b.png']
)
def test_a_file_address_names_the_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(CONTENT)
    quoted = quote(os.fsencode(tmp_path / name))

    for address in (f"file://{quoted}", f"file://localhost{quoted}", f"FILE:{quoted}"):
        assert from_path(address).name == name


@pytest.mark.parametrize(
    "pasted",
    [
        r"my\ photo\ \(1\).png",
        "'my photo (1).png'",
        '"my photo (1).png"',
        " my photo (1).png ",
        r"my\ photo\ \(1\).png ",
    ],
)
def test_a_pasted_path_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pasted: str) -> None:
    (tmp_path / "my photo (1).png").write_bytes(CONTENT)
    monkeypatch.chdir(tmp_path)

    picture = from_path(pasted)

    assert (picture.label, picture.name) == (pasted, "my photo (1).png")


@pytest.mark.parametrize("name", [r"my\ photo.png", "'a.png'", "file:a.png", " a.png"])
def test_a_file_that_exists_is_taken_by_its_plain_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for each in (name, "my photo.png", "a.png"):
        Path(each).write_bytes(CONTENT)

    assert local_path(name) == name


@pytest.mark.parametrize(
    "text", ["none.png", r"my\ photo.png", "it's.png", "a b.png", "file://server/share/a.png", "", "'", "\\"]
)
def test_what_names_no_file_is_told_as_it_was_typed(text: str) -> None:
    assert local_path(text) == text
    with pytest.raises(AeforgeError) as refused:
        from_path(text)

    assert refused.value.message in {f"{text} cannot be read", " is a folder"}


@given(st.text(max_size=60))
def test_no_name_whatever_fails_but_as_an_error_of_ours(text: str) -> None:
    assert why_not_a_picture(f"/nowhere/{text}") is not None
    assert why_not_a_picture(f"file:///nowhere/{text}") is not None
    assert isinstance(local_path(text), str)


# ------------------------------------------------------------------ why a file in a folder is left out


def test_a_picture_that_can_be_sent_has_nothing_against_it(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(CONTENT)

    assert why_not_a_picture(str(tmp_path / "a.png")) is None


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("page", "is not a picture: its format is not known"),
        ("half", "is not a complete picture: it begins as PNG, and its end is missing"),
        ("empty", "is empty"),
        ("pipe", "is not a regular file"),
        ("folder", "is a folder"),
        ("dangling", "cannot be read: it is a link to a file that does not exist"),
        ("loop", "cannot be read: Too many levels of symbolic links"),
        ("missing", "cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_sent_is_named_with_the_reason(tmp_path: Path, kind: str, why: str) -> None:
    path = _entry(tmp_path / "a.png", kind)

    assert why_not_a_picture(str(path)) == f"{path} {why}"


def _entry(path: Path, kind: str) -> Path:
    match kind:
        case "page" | "half" | "empty":
            path.write_bytes({"page": b"<html>", "half": CONTENT[:-1], "empty": b""}[kind])
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "dangling" | "loop":
            path.symlink_to("nowhere" if kind == "dangling" else path)
        case _:
            pass
    return path


# ------------------------------------------------------------------ texts


def test_a_text_is_read_whole() -> None:
    assert all_of(io.BytesIO(b"a.png\n" * 100_000), "-") == b"a.png\n" * 100_000


def test_a_text_that_never_ends_is_given_up_with_a_sentence() -> None:
    with pytest.raises(Usage) as refused:
        all_of(Endless(2 * MOST_TEXT), "/dev/zero")  # type: ignore[arg-type]  # `read` is enough

    assert told(refused.value) == ("/dev/zero is longer than 64 MiB", "", "give a shorter text")


def test_a_text_that_cannot_be_read_is_told_as_one(tmp_path: Path) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise IsADirectoryError(21, "Is a directory")

    for read in (lambda stream: all_of(stream, "-"), lambda stream: from_stream(stream, "-", "stdin")):
        with pytest.raises(FileMissing) as refused:
            read(Broken())

        assert told(refused.value)[:2] == ("- cannot be read", "Is a directory")


def test_a_picture_on_standard_input_that_finds_no_room_is_told_as_a_full_disk() -> None:
    program = (
        "import io, resource, signal, sys; sys.path.insert(0, '.')\n"
        "from aeforge_cli.errors import CannotSave\n"
        "from aeforge_cli.files.inputs import from_stream\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    from_stream(io.BytesIO(bytes(1_000_000)), '-', 'stdin')\n"
        "except CannotSave as error:\n"
        "    print(error.why, '/', error.hint)\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "File too large / make room on the disk\n"


# ------------------------------------------------------------------ standard input


def test_standard_input_is_a_picture_like_any_other() -> None:
    picture = from_stream(io.BytesIO(CONTENT), label="-", name="stdin")

    assert known(picture) == expected("-", "stdin")
    assert known(picture) == expected("-", "stdin")


def test_a_picture_of_standard_input_can_be_sent_by_several_jobs_at_once() -> None:
    content = png(2) + random.Random(1).randbytes(3 * BLOCK)  # appended, so that it is still a whole picture
    picture = from_stream(io.BytesIO(content), label="-", name="stdin")

    with picture.open() as one, picture.open() as other:
        halves = one.read(100), other.read(200)
        assert (halves[0] + one.read(), halves[1] + other.read()) == (content, content)


def test_jobs_that_read_one_picture_at_the_same_time_get_each_their_own_part_of_it() -> None:
    pieces = [bytes([number]) * 4096 for number in range(64)]
    spool = Spool("-")
    for piece in pieces:
        spool.write(piece)

    def read(number: int) -> bool:
        return spool.read(4096 * number, 4096) == pieces[number]

    with ThreadPoolExecutor(8) as readers:
        assert all(readers.map(read, [*range(64)] * 100))


def test_an_empty_standard_input_is_told_as_one() -> None:
    with pytest.raises(NotAnImage, match=r"^standard input is empty"):
        from_stream(io.BytesIO(), label="-", name="stdin")


class Endless(io.RawIOBase):
    """A pipe that never ends, and of which no more than `most` bytes may be read."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._left = most

    def read(self, size: int = -1) -> bytes:
        self._left -= size
        assert self._left > 0, "it is read without end"
        return bytes(size)


def test_a_pipe_that_never_ends_is_given_up() -> None:
    with pytest.raises(NotAnImage, match="- is larger than 256 MiB"):
        from_stream(Endless(2 * MOST_BYTES), label="-", name="stdin")  # type: ignore[arg-type]  # `read` is enough


# ------------------------------------------------------------------ the web


@dataclass
class FakeWeb:
    """Answers for addresses; what it was asked is in `asked`."""

    pages: Mapping[str, Answer | TransportError | bytes]
    asked: list[str] = field(default_factory=list)

    def fetch_input(self, url: str, sink: Sink, *, origin: str | None = None) -> Answer:
        self.asked.append(url)
        match self.pages[url]:
            case TransportError() as fault:
                raise fault
            case bytes(content):
                sink.expect(len(content))
                sink.write(content)
                return Answer(200)
            case Answer() as answer:
                return answer


def moved(location: str, status: int = 302) -> Answer:
    return Answer(status, {"location": location})


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://a.example/dir/photo.png", "photo.png"),
        ("https://a.example/my%20photo.png?width=3", "my photo.png"),
        ("https://a.example/", "a.example"),
        ("https://a.example", "a.example"),
        ("https://a.example/..%2F..%2Fetc%2Fpasswd", "passwd"),
    ],
)
def test_a_picture_from_the_web_is_named_by_its_address(url: str, name: str) -> None:
    assert known(from_address(url, FakeWeb({url: CONTENT}))) == expected(label_of(url), name)


def test_redirects_are_followed_to_the_picture() -> None:
    web = FakeWeb(
        {
            "http://a.example/1": moved("https://a.example/2", 301),
            "https://a.example/2": moved("/3"),
            "https://a.example/3": moved("//b.example/4", 307),
            "https://b.example/4": CONTENT,
        }
    )

    picture = from_address("http://a.example/1", web)

    assert known(picture)[0] == "http://a.example/1"
    assert web.asked == [*web.pages]


FAILURES: dict[str, tuple[Answer | TransportError | bytes, type[AeforgeError], str]] = {
    "404": (Answer(404), FileMissing, "HTTP 404"),
    "500": (Answer(500), FileMissing, "HTTP 500"),
    "a redirect to nowhere": (Answer(302), FileMissing, "HTTP 302"),
    "an insecure redirect": (moved("http://a.example/2"), FileMissing, "it redirects to an insecure address"),
    "a redirect to a file": (moved("file:///etc/passwd"), FileMissing, "it redirects to an insecure address"),
    "a redirect to nonsense": (moved("https://[::1"), FileMissing, "it redirects to an insecure address"),
    "a redirect to itself": (moved("https://a.example/1"), FileMissing, "it redirects too often"),
    "no connection": (TransportError(Fault.REFUSED, delivered=False), FileMissing, "connection refused"),
    "a page": (b"<html>", NotAnImage, "its format is not known"),
}


@pytest.mark.parametrize(("page", "kind", "why"), FAILURES.values(), ids=FAILURES)
def test_an_address_without_a_picture_is_refused(
    page: Answer | TransportError | bytes, kind: type[AeforgeError], why: str
) -> None:
    web = FakeWeb({"https://a.example/1": page})

    with pytest.raises(AeforgeError) as refused:
        from_address("https://a.example/1", web)

    assert (type(refused.value), refused.value.why) == (kind, why)
    assert len(web.asked) <= 6


def test_an_address_that_announces_too_much_is_given_up_at_once() -> None:
    class Announcing:
        def fetch_input(self, url: str, sink: Sink, *, origin: str | None = None) -> Answer:
            sink.expect(MOST_BYTES + 1)
            raise AssertionError("nothing was to be read")

    with pytest.raises(NotAnImage, match="is larger than 256 MiB"):
        from_address("https://a.example/1", Announcing())


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("http://a.example", True),
        ("HTTPS://a.example", True),
        ("https.png", False),
        ("ftp://a.example/a.png", False),
        ("http:/a.png", False),
        ("-", False),
    ],
)
def test_only_http_addresses_are_fetched(text: str, is_one: bool) -> None:
    assert is_address(text) is is_one
