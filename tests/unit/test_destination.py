"""Result files: names of ours, nothing overwritten, whole or not at all."""

import contextlib
import errno
import os
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aeforge_cli.errors import AeforgeError, CannotSave, OutputExists, Usage
from aeforge_cli.files.atomic import (
    PartFile,
    SavedFile,
    _rename_to_free,
    _rename_to_placeholder,
    cannot_save,
    holds,
    sweep,
)
from aeforge_cli.files.collisions import OutputCollisions
from aeforge_cli.files.destination import Destination, Naming, destination
from aeforge_cli.files.image_headers import Format, ImageInfo
from aeforge_cli.files.locks import lock
from aeforge_cli.files.regular import open_stream
from tests.conftest import png

CONTENT = png(1)
JOB = "550e8400-e29b-41d4-a716-446655440000"
NAMING = Naming("dir/my photo.jpeg", "sprite make", date(2026, 1, 31), job_id=JOB)


# ------------------------------------------------------------------ names

NAMES = {
    "out.png": "out.png",
    "{stem}.{ext}": "my photo.png",
    "{name}.{ext}": "dir_my photo.jpeg.png",
    "{operation}-{date}.{ext}": "sprite-make-2026-01-31.png",
    "{job_id}/{n}.{ext}": f"{JOB}/1.png",
    "{stem}/{stem}": "my photo/my photo",
    "a{{b}}.png": "a{b}.png",
    "a{{.png": "a{.png",
    "{n:03d}": "001",
    "{n:03d}.png": "001.png",
    "{n:02}-{n}.{ext}": "01-1.png",
    "{date:%Y}.png": "2026.png",
    "{date:%Y/%m/%d}/{stem:.2}.{ext:s}": "2026/01/31/my.png",
    "{stem:_>10}.{ext}": "__my photo.png",
    "{job_id:.8}.{ext}": f"{JOB[:8]}.png",
    "{operation:^13}": " sprite-make ",
}


@pytest.mark.parametrize(("template", "path"), NAMES.items(), ids=NAMES)
def test_a_template_names_the_result(template: str, path: str) -> None:
    assert destination(template, overwrite=False).path(NAMING) == Path(path)


@pytest.mark.parametrize(
    ("template", "paths"),
    [
        ("out.png", ["out-1.png", "out-2.png"]),
        ("out", ["out-1", "out-2"]),
        ("{stem}.{ext}", ["my photo-1.png", "my photo-2.png"]),
        ("{n}.{ext}", ["1.png", "2.png"]),
        ("{n}/{stem}.{ext}", ["1/my photo.png", "2/my photo.png"]),
        ("{n:03d}", ["001", "002"]),
        ("{n:03d}.png", ["001.png", "002.png"]),
        ("a{{n}}.png", ["a{n}-1.png", "a{n}-2.png"]),
        ("v1.2/out.tar.png", ["v1.2/out.tar-1.png", "v1.2/out.tar-2.png"]),
    ],
)
def test_several_results_are_numbered(template: str, paths: list[str]) -> None:
    chosen = destination(template, overwrite=False)

    assert [str(path) for path in chosen.paths(NAMING, 2)] == paths


def test_the_suffix_is_that_of_the_result_not_of_the_input() -> None:
    gif = replace(NAMING, extension="gif")

    assert destination("{stem}.{ext}", overwrite=False).path(gif) == Path("my photo.gif")


def test_a_folder_is_one_by_its_slash_or_because_it_exists(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()

    assert destination(f"{tmp_path}/new/", overwrite=False).path(NAMING) == tmp_path / "new" / "my photo.png"
    assert destination(f"{tmp_path}/here", overwrite=False).path(NAMING) == tmp_path / "here" / "my photo.png"
    assert destination(f"{tmp_path}/new", overwrite=False).path(NAMING) == tmp_path / "new"


@pytest.mark.parametrize("name", ["{", "a{b}", "{{stem}}", "{n}"])
def test_a_folder_that_exists_is_taken_by_its_own_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()

    for text in (f"{tmp_path}/{name}", f"{tmp_path}/{name}/"):
        assert destination(text, overwrite=False).path(NAMING) == tmp_path / name / "my photo.png"


def test_a_new_folder_may_have_fields(tmp_path: Path) -> None:
    where = destination(f"{tmp_path}/{{operation}}/{{date:%Y}}/", overwrite=False)

    assert where.path(NAMING) == tmp_path / "sprite-make" / "2026" / "my photo.png"


def test_a_template_that_leaves_no_name_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    where = destination("{stem:.0}", overwrite=False)

    assert refusal(where) == (
        Usage,
        "The output has no name",
        "for example: -o out.png, -o out/ or -o 'out/{stem}.{ext}'",
    )


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("", "The output has no name"),
        ("{color}.png", "The output template does not know {color}"),
        ("{}.png", "The output template does not know {}"),
        ("{0}.png", "The output template does not know {0}"),
        ("{stem.__class__}.png", "The output template does not know {stem.__class__}"),
        ("{stem[0]}.png", "The output template does not know {stem[0]}"),
        ("{color}/", "The output template does not know {color}"),
        ("{stem", "The output template has a brace without its pair: {stem"),
        ("stem}.png", "The output template has a brace without its pair: stem}.png"),
        ("{stem!r}.png", "The output template cannot format {stem!r}"),
        ("{stem:d}.png", "The output template cannot format {stem:d}"),
        ("{stem:9999}.png", "The output template cannot format {stem:9999}"),
        ("{stem:/>20}.png", "The output template cannot format {stem:/>20}"),
        ("{n:x}.png", "The output template cannot format {n:x}"),
        ("{n:1<3}.png", "The output template cannot format {n:1<3}"),
        ("{n:3d}.png", "The output template cannot format {n:3d}"),
        ("{n:.1f}.png", "The output template cannot format {n:.1f}"),
        ("{n:{n}}.png", "The output template cannot format {n:{n}}"),
        ("{ext:%Y}", "The output template cannot format {ext:%Y}"),
        ("{date:%n}.png", "The output template cannot format {date:%n}"),
        ("a\0b.png", "'a\\x00b.png' is not a valid file name"),
        ("\ud800.png", "'\\ud800.png' is not a valid file name"),
    ],
)
def test_a_template_that_makes_no_sense_is_refused(template: str, message: str) -> None:
    with pytest.raises(Usage) as refused:
        destination(template, overwrite=False)

    assert refused.value.message == message


STEMS = {
    "photo.png": "photo",
    "a/b\\c.png": "b_c",
    "..": "image",
    ".hidden": ".hidden",
    "archive.tar.gz": "archive.tar",
    "tab\there.png": "tab_here",
    "new\nline.png": "new_line",
    "dots... .png": "dots",
    "con.png": "_con",
    "LPT1.txt.png": "_LPT1.txt",
    "": "image",
    "日本.png": "日本",
}


@pytest.mark.parametrize(("name", "stem"), STEMS.items(), ids=[repr(name) for name in STEMS])
def test_a_stem_is_a_good_name_on_every_system(name: str, stem: str) -> None:
    assert replace(NAMING, name=name).stem == stem


@given(st.text(max_size=400))
def test_no_name_leads_out_of_the_folder_or_is_too_long(name: str) -> None:
    path = Destination("out/{stem}-{job_id}.{ext}").path(replace(NAMING, name=name))

    assert path.parent == Path("out")
    assert len(os.fsencode(path.name)) <= 255


@pytest.mark.parametrize(
    ("template", "exact", "predictable"),
    [
        ("out.png", True, True),
        ("{{stem}}.png", True, True),
        ("{stem}.png", False, True),
        ("{n:03d}", False, True),
        ("{job_id}.png", False, False),
        ("{job_id:.8}", False, False),
        ("{{job_id}}", True, True),
    ],
)
def test_a_destination_knows_how_much_of_it_is_the_users(template: str, exact: bool, predictable: bool) -> None:
    found = Destination(template)

    assert (found.is_exact, found.is_predictable) == (exact, predictable)


# ------------------------------------------------------------------ before anything is sent


def refusal(where: Destination, *, dry: bool = False) -> tuple[type[AeforgeError], str, str]:
    with pytest.raises(AeforgeError) as refused:
        where.check(NAMING, dry=dry)
    return type(refused.value), refused.value.message, refused.value.hint


def test_a_free_name_is_good_and_nothing_is_left_of_the_trial(tmp_path: Path) -> None:
    assert destination(f"{tmp_path}/out.png", overwrite=False).check(NAMING) == tmp_path / "out.png"
    assert [*tmp_path.iterdir()] == []


def test_a_folder_of_a_template_is_made(tmp_path: Path) -> None:
    destination(f"{tmp_path}/a/b/{{stem}}.png", overwrite=False).check(NAMING)

    assert [*(tmp_path / "a" / "b").iterdir()] == []


def test_a_dry_run_makes_nothing(tmp_path: Path) -> None:
    for output in ("a/b/", "a/b.png", "{stem}/{job_id}/{n}.png"):
        destination(f"{tmp_path}/{output}", overwrite=False).check(NAMING, dry=True)

    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("dry", [False, True], ids=["in earnest", "in a dry run"])
def test_what_exists_is_not_overwritten(tmp_path: Path, dry: bool) -> None:
    path = tmp_path / "out.png"
    path.write_bytes(b"kept")

    assert refusal(destination(str(path), overwrite=False), dry=dry) == (
        OutputExists,
        f"{path} exists",
        "choose another name, or add --overwrite or --skip-existing",
    )
    assert destination(str(path), overwrite=True).check(NAMING, dry=dry) == path
    assert path.read_bytes() == b"kept"


def test_a_dangling_link_counts_as_taken(tmp_path: Path) -> None:
    (tmp_path / "out.png").symlink_to("nowhere")

    assert refusal(destination(f"{tmp_path}/out.png", overwrite=False))[0] is OutputExists


def test_a_name_that_the_job_decides_is_not_taken_yet(tmp_path: Path) -> None:
    where = destination(f"{tmp_path}/{{job_id}}.png", overwrite=False)
    (tmp_path / f"{JOB}.png").write_bytes(b"kept")

    assert where.taken(NAMING) is None
    assert where.check(NAMING) == tmp_path / f"{JOB}.png"


@pytest.mark.parametrize("name", ["new/out.png", "new/deep/out.png", "{operation}/{job_id}/{stem}.png"])
def test_a_folder_that_does_not_exist_is_made(tmp_path: Path, name: str) -> None:
    where = destination(f"{tmp_path}/{name}", overwrite=False)

    path = where.check(NAMING)

    assert path == tmp_path / where.path(NAMING).relative_to(tmp_path)
    assert [*path.parent.iterdir()] == []


@pytest.mark.parametrize("dry", [False, True], ids=["in earnest", "in a dry run"])
@pytest.mark.parametrize(
    ("output", "hint"),
    [
        ("file/out.png", "choose another output: a part of this path is not a folder"),
        ("file/new/deep/out.png", "choose another output: a part of this path is not a folder"),
        ("new/" + "x" * 300 + "/out.png", "choose a shorter name"),
        ("new/deep/" + "x" * 300 + ".png", "choose a shorter name"),
        ("{stem}/" + "x" * 300, "choose a shorter name"),
    ],
    ids=["a file", "a file above", "a folder's name", "a name", "a template's name"],
)
def test_a_folder_that_cannot_be_made_is_found_before_anything_is_sent(
    tmp_path: Path, output: str, hint: str, dry: bool
) -> None:
    (tmp_path / "file").touch()

    assert refusal(destination(f"{tmp_path}/{output}", overwrite=False), dry=dry)[::2] == (CannotSave, hint)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_dry_run_finds_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    where = destination(f"{tmp_path}/new/out.png", overwrite=False)

    assert refusal(where, dry=True)[2] == "choose a folder that you may write to"


def test_a_folder_cannot_be_overwritten(tmp_path: Path) -> None:
    where = destination(f"{tmp_path}/out", overwrite=True)
    (tmp_path / "out").mkdir()

    assert refusal(where) == (
        CannotSave,
        f"{tmp_path}/out is a folder",
        f"to save into it, write it with a slash: -o {tmp_path}/out/",
    )


def test_a_name_that_is_too_long_is_found_at_once(tmp_path: Path) -> None:
    name = "a" * 300 + ".png"

    assert refusal(destination(f"{tmp_path}/{name}", overwrite=False))[2] == "choose a shorter name"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_found_at_once(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    assert refusal(destination(f"{tmp_path}/out.png", overwrite=False))[2] == "choose a folder that you may write to"


def test_a_file_in_the_place_of_a_folder_is_found_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    assert refusal(destination(f"{tmp_path}/file/{{stem}}.png", overwrite=False))[0] is CannotSave


# ------------------------------------------------------------------ pipes and devices


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("kind", ["device", "pipe", "link to a device", "link to a pipe", "open file"])
def test_what_is_written_to_is_not_in_the_way_and_is_not_tried(tmp_path: Path, kind: str, overwrite: bool) -> None:
    with (tmp_path / "log").open("wb") as log:
        path = _stream(tmp_path / "out", kind, log)
        before = names(tmp_path)
        where = destination(str(path), overwrite=overwrite)

        assert where.is_stream
        assert where.check(NAMING) == where.check(NAMING, dry=True) == path
        assert (where.taken(NAMING), where.names(NAMING), where.paths(NAMING, 2)) == (None, [], [path, path])
    assert names(tmp_path) == before


def _stream(path: Path, kind: str, opened: BinaryIO) -> Path:
    match kind:
        case "device":
            return Path(os.devnull)
        case "open file":
            return Path(f"/dev/fd/{opened.fileno()}")
        case "pipe":
            os.mkfifo(path)
        case "link to a pipe":
            os.mkfifo(path.with_name("pipe"))
            path.symlink_to("pipe")
        case _:
            path.symlink_to(os.devnull)
    return path


def test_a_file_that_is_open_already_is_written_where_it_stands(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        log.write(b"before ")
        log.flush()
        stream = open_stream(Path(f"/dev/fd/{log.fileno()}"))
        assert stream is not None
        with stream:
            stream.write(b"picture")

    assert (tmp_path / "log").read_bytes() == b"before picture"


def test_standard_output_is_known_by_its_other_names(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/stdout")
    program = (
        "import sys; from pathlib import Path; from aeforge_cli.files.regular import is_standard_output\n"
        "print([is_standard_output(Path(path)) for path in sys.argv[1:]])"
    )
    others = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", str(tmp_path / "link"), "/dev/stderr", "/dev/null", "none"]

    with (tmp_path / "file").open("wb") as file:
        subprocess.run([sys.executable, "-c", program, *others], stdout=file, check=True)
    piped = subprocess.run([sys.executable, "-c", program, *others], stdout=subprocess.PIPE, check=True)

    assert piped.stdout == (tmp_path / "file").read_bytes() == b"[True, True, True, True, False, False, False]\n"


@pytest.mark.parametrize("name", ["socket", "disk"])
def test_a_socket_or_a_disk_is_not_written_to(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    try:
        os.mknod(path, stat.S_IFSOCK if name == "socket" else stat.S_IFBLK, os.makedev(7, 200))
    except OSError:
        pytest.skip("only root makes devices, and not everywhere")

    kind = "a socket" if name == "socket" else "a device"
    assert refusal(destination(str(path), overwrite=True)) == (CannotSave, f"{path} is {kind}", "choose another output")


def test_what_this_process_only_reads_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "input").touch()
    with (tmp_path / "input").open("rb") as opened:
        where = destination(f"/dev/fd/{opened.fileno()}", overwrite=True)

        assert refusal(where)[::2] == (CannotSave, "choose a folder that you may write to")


def test_the_name_of_a_closed_file_is_neither_written_nor_replaced(tmp_path: Path) -> None:
    link = tmp_path / "stdout"
    link.symlink_to("/proc/self/fd/987" if Path("/proc/self/fd").exists() else "/dev/fd/987")
    where = destination(str(link), overwrite=True)

    assert (where.is_stream, refusal(where)[0]) == (True, CannotSave)
    assert saved(tmp_path, link, replacing=True) == tmp_path / f"stdout-{JOB}"
    assert link.is_symlink()


def test_a_picture_is_not_written_to_a_terminal() -> None:
    screen, terminal = os.openpty()
    program = (
        "import sys; from datetime import date\n"
        "from aeforge_cli.errors import Usage; from aeforge_cli.files.destination import Naming, destination\n"
        "try: destination(sys.argv[1], overwrite=False).check(Naming('a.png', 'inpaint', date(2026, 1, 31)))\n"
        "except Usage as error: print(error.message)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, os.ttyname(terminal)], stdout=subprocess.PIPE, stderr=terminal, check=True
    )

    os.close(terminal)
    os.close(screen)
    assert done.stdout == b"A picture is not written to a terminal\n"


@pytest.mark.parametrize("template", ["{stem}.png", "my photo.png"])
def test_a_name_of_a_template_that_is_a_pipe_is_refused(tmp_path: Path, template: str) -> None:
    where = Destination(f"{tmp_path}/{template}", replace=True)
    os.mkfifo(tmp_path / "my photo.png")

    assert refusal(where)[:2] == (CannotSave, f"{tmp_path}/my photo.png is not a regular file")


# ------------------------------------------------------------------ two results, one name


@pytest.mark.parametrize(
    ("one", "other"),
    [("a.png", "a.png"), ("a.png", "./a.png"), ("a.png", "A.PNG"), ("\u00e9.png", "e\u0301.png"), ("ß.png", "SS.png")],
    ids=["equal", "by another way", "in capitals", "composed", "folded"],
)
def test_two_results_never_go_to_one_file(one: str, other: str) -> None:
    with pytest.raises(OutputExists, match="Two results would be saved as"):
        OutputCollisions([Path(name)] for name in (one, "b.png", other)).check()


def test_results_of_different_names_do_not_collide() -> None:
    OutputCollisions([Path(name)] for name in ("a.png", "b.png", "b/a.png", "a-1.png", "a1.png")).check()


def claimed(*jobs: tuple[str, str]) -> OutputCollisions:
    """What jobs that may make several results claim, each by its input and where `-o` wants what it makes."""
    return OutputCollisions(
        destination(output, overwrite=False).names(Naming(name, "split-layer", date(2026, 1, 31), several=True))
        for name, output in jobs
    )


COLLIDING = {
    "the same name": (("a.png", "out/"), ("x/a.png", "out/"), "out/a.png"),
    "one result, and the first of several": (("a.png", "out/"), ("a-1.png", "out/"), "out/a-1.png"),
    "the same, the other way round": (("a-12.png", "out/"), ("a.png", "out/"), "out/a-12.png"),
    "but for case": (("a.png", "out/"), ("A-1.PNG", "out/"), "out/A-1.png"),
    "a number that grows into the name": (("a.png", "{stem}{n}.{ext}"), ("a1.png", "{stem}{n}.{ext}"), "a11.png"),
    "a name that grows into the number": (("a.png", "{n}{stem}.{ext}"), ("1a.png", "{n}{stem}.{ext}"), "11a.png"),
    "numbers alone": (("a.png", "{n}.{ext}"), ("b.png", "{n}.{ext}"), "1.png"),
    "a template and a file of its form": (("a.png", "{stem}-{n}.{ext}"), ("b.png", "a-3.png"), "a-3.png"),
    "a GIF among pictures": (("a.png", "{stem}-{n}.{ext}"), ("b.png", "a-17.gif"), "a-17.gif"),
    "numbers in different places": (("1a.png", "{stem}{n}.{ext}"), ("a1.png", "{n}{stem}.png"), "1a1.png"),
    "the same, among others": (("a1.png", "{n}{stem}.png"), ("1a.png", "{stem}{n}.{ext}"), "1a1.png"),
    "a number in a folder": (("a.png", "{n}/x.png"), ("b.png", "2/x.png"), "2/x.png"),
    "a number told twice": (("a.png", "{n}-{n}.png"), ("b.png", "3-3.png"), "3-3.png"),
    "a number in a folder and a name": (("b.png", "7/7.png"), ("a.png", "{n}/{n}.{ext}"), "7/7.png"),
    "a number with zeros": (("a.png", "f-{n:03d}.{ext}"), ("b.png", "f-012.gif"), "f-012.gif"),
    "a number longer than its zeros": (("a.png", "f-{n:02}.png"), ("b.png", "f-1000.png"), "f-1000.png"),
    "numbers with and without zeros": (("a.png", "{n:02d}.{ext}"), ("b.png", "{n}.{ext}"), "1.png"),
    "a number in two forms": (("a.png", "{n}-{n:02d}.png"), ("b.png", "5-05.png"), "5-05.png"),
    "a suffix in the middle": (("a.png", "{ext}_{n}.png"), ("b.png", "gif_2.png"), "gif_2.png"),
    "a suffix in the middle of both": (("a.png", "{n}_{ext}"), ("b.png", "{n}_{ext}"), "1_png"),
    "texts that are cut": (
        ("photo-left.png", "{stem:.5}-{n}.png"),
        ("photo-right.png", "{stem:.5}-{n}.png"),
        "photo-1.png",
    ),
    "by a way around": (("a.png", "out/{n}.png"), ("b.png", "out/x/../2.png"), "out/x/../2.png"),
}


@pytest.mark.parametrize(("one", "other", "name"), COLLIDING.values(), ids=COLLIDING)
def test_of_several_results_none_may_meet_that_of_another_job(
    one: tuple[str, str], other: tuple[str, str], name: str
) -> None:
    with pytest.raises(OutputExists) as refused:
        claimed(one, other).check()

    assert refused.value.message == f"Two results would be saved as {name}"


APART = {
    "other names": (("a.png", "out/"), ("b.png", "out/")),
    "numbered names": (("frame1.png", "out/"), ("frame2.png", "out/")),
    "names that begin alike": (("a.png", "out/"), ("a-left.png", "out/")),
    "numbers after numbers": (("a.png", "{stem}-{n}.{ext}"), ("a-1.png", "{stem}-{n}.{ext}")),
    "folders": (("a.png", "{stem}/{n}.{ext}"), ("a1.png", "{stem}/{n}.{ext}")),
    "ids": (("a.png", "{job_id}.{ext}"), ("x/a.png", "{job_id}.{ext}")),
    "a number told twice": (("a.png", "{n}-{n}.png"), ("b.png", "3-4.png")),
    "a number with zeros": (("a.png", "f-{n:03d}.{ext}"), ("b.png", "f-12.png")),
    "a number in two forms": (("a.png", "{n}-{n:02d}.png"), ("b.png", "5-5.png")),
    "numbers that begin with 1": (("a.png", "{n}.png"), ("b.png", "{date:0}.png")),
    "no suffix": (("a.png", "{n}.{ext}"), ("b.png", "{n}")),
    "other suffixes": (("a.png", "{n}.png"), ("b.png", "{n}.gif")),
    "pipes and devices": (("a.png", "/dev/null"), ("b.png", "/dev/null")),
}


def test_the_same_file_by_a_linked_folder_is_one(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to("out")

    with pytest.raises(OutputExists):
        claimed(("a.png", f"{tmp_path}/out/{{n}}.png"), ("b.png", f"{tmp_path}/link/3.png")).check()


@pytest.mark.parametrize(("one", "other"), APART.values(), ids=APART)
def test_several_results_with_names_of_their_own_do_not_collide(one: tuple[str, str], other: tuple[str, str]) -> None:
    claimed(one, other).check()


TEMPLATES = [
    "out/",
    "{stem}-{n}.{ext}",
    "{stem}{n}.{ext}",
    "{n}{stem}.png",
    "a-1.png",
    "a-{n}.gif",
    "a-{n:02d}.gif",
    "{stem}-{n:02}.{ext}",
    "{n}-{n}.png",
    "1-{n}.{ext}",
    "{n:02d}-{n}.{ext}",
    "a_{ext}-{n}",
    "out/../{stem:.1}-{n}.{ext}",
    "{n:03d}/a.{n}",
]


@settings(max_examples=500)
@given(
    names=st.lists(st.sampled_from(["a.png", "a1.png", "a-1.png", "a-2.png", "1a.png", "b.png"]), max_size=4),
    outputs=st.lists(st.sampled_from(TEMPLATES), min_size=4, max_size=4),
    counts=st.lists(st.integers(1, 25), min_size=4, max_size=4),
)
def test_what_does_not_collide_in_the_plan_does_not_collide_on_disk(
    names: list[str], outputs: list[str], counts: list[int]
) -> None:
    jobs = list(zip(names, outputs, counts, strict=False))
    try:
        claimed(*((name, output) for name, output, _ in jobs)).check()
    except OutputExists:
        return

    saved = [
        destination(output, overwrite=False).path(
            Naming(name, "split-layer", date(2026, 1, 31), extension=extension).result(number, count)
        )
        for name, output, count in jobs
        for number in range(1, count + 1)
        for extension in ["gif" if number == count else "png"]
    ]
    assert len(saved) == len({str(path.resolve()).casefold() for path in saved})


@pytest.mark.parametrize(
    ("path", "is_one"), [("out/a.png", True), ("./out/a-2.png", True), ("out/a-17.gif", True), ("out/b.png", False)]
)
def test_a_result_is_known_by_its_name(path: str, is_one: bool) -> None:
    assert (path in claimed(("a.png", "out/"))) is is_one


def test_the_first_of_several_results_shows_that_they_are_there(tmp_path: Path) -> None:
    where = destination(f"{tmp_path}/{{stem}}.{{ext}}", overwrite=False)
    (tmp_path / "my photo-1.png").write_bytes(CONTENT)

    assert where.taken(NAMING) is None
    assert where.taken(replace(NAMING, several=True)) == tmp_path / "my photo-1.png"
    assert where.check(replace(NAMING, several=True)) == tmp_path / "my photo.png"


# ------------------------------------------------------------------ parts


def saved(folder: Path, path: Path, content: bytes = CONTENT, *, replacing: bool = False) -> Path:
    with PartFile(folder) as part:
        part.expect(len(content))
        part.write(content)
        return part.keep(path, replace=replacing, job_id=JOB)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_part_becomes_a_file_under_its_final_name_only_when_kept(tmp_path: Path) -> None:
    with PartFile(tmp_path) as part:
        part.expect(None)
        part.write(CONTENT)
        [unfinished] = names(tmp_path)
        assert part.keep(tmp_path / "out.png", replace=False, job_id=JOB) == tmp_path / "out.png"

    assert unfinished.startswith(".aeforge-")
    assert unfinished.endswith(".part")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"out.png": CONTENT}


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt()], ids=["an error", "Ctrl-C"])
def test_a_part_that_is_not_kept_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)):
        _fail_halfway(tmp_path, error)

    assert names(tmp_path) == []


def _fail_halfway(folder: Path, error: BaseException) -> None:
    with PartFile(folder) as part:
        part.write(CONTENT)
        raise error


def test_a_part_starts_over_with_each_try(tmp_path: Path) -> None:
    with PartFile(tmp_path) as part:
        part.expect(10_000)
        part.write(b"half of something else")
        part.expect(len(CONTENT))
        part.write(CONTENT[:20])
        part.write(CONTENT[20:])

        assert (part.size, part.sha256) == (len(CONTENT), sha256(CONTENT).hexdigest())
        assert part.picture() == ImageInfo(Format.PNG, 16, 16)
        assert b"".join(part.blocks()) == CONTENT
        assert part.described("out.png", "https://cdn/a.png", ImageInfo(Format.PNG, 16, 16)) == SavedFile(
            "out.png", "https://cdn/a.png", len(CONTENT), sha256(CONTENT).hexdigest(), 16, 16, "png"
        )


def test_nothing_stays_of_a_longer_try_before(tmp_path: Path) -> None:
    with PartFile(tmp_path) as part:
        part.write(CONTENT + b"more of something else")
        part.expect(None)
        part.write(CONTENT)

        assert part.keep(tmp_path / "out.png", replace=False, job_id=JOB).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "expected", "is_one", "cut"),
    [
        (CONTENT, len(CONTENT), True, True),
        (CONTENT, None, True, True),
        (CONTENT[:-1], None, False, True),
        (CONTENT[:-1], len(CONTENT), False, True),
        (b"", None, False, True),
        (b"<html>", 6, False, False),
        (b"II*\0" + bytes(20), 24, True, True),
        (b"II*\0" + bytes(20), None, False, True),
    ],
    ids=[
        "whole",
        "whole, unannounced",
        "cut, unannounced",
        "cut",
        "nothing",
        "no picture",
        "tiff",
        "tiff, unannounced",
    ],
)
def test_a_picture_is_whole_or_none(
    tmp_path: Path, content: bytes, expected: int | None, is_one: bool, cut: bool
) -> None:
    with PartFile(tmp_path) as part:
        part.expect(expected)
        part.write(content)

        assert (part.picture() is not None, part.looks_cut()) == (is_one, cut)


def test_a_name_taken_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    for content in (b"theirs", b"other"):
        (tmp_path / "out.png").write_bytes(content)

        assert saved(tmp_path, tmp_path / "out.png", png(len(content))).read_bytes() == png(len(content))

    assert names(tmp_path) == [f"out-{JOB}-2.png", f"out-{JOB}.png", "out.png"]
    assert (tmp_path / "out.png").read_bytes() == b"other"


def test_the_same_picture_already_there_is_the_result(tmp_path: Path) -> None:
    (tmp_path / "out.png").write_bytes(CONTENT)

    assert saved(tmp_path, tmp_path / "out.png") == tmp_path / "out.png"
    assert names(tmp_path) == ["out.png"]


def test_paid_work_is_not_thrown_away_for_want_of_a_name(tmp_path: Path) -> None:
    (tmp_path / "out.png").write_bytes(b"theirs")
    (tmp_path / f"out-{JOB}.png").write_bytes(b"theirs")
    for number in range(2, 100):
        (tmp_path / f"out-{JOB}-{number}.png").write_bytes(b"theirs")

    with pytest.raises(CannotSave, match="No free name was found"):
        saved(tmp_path, tmp_path / "out.png")


def test_a_link_in_the_place_of_the_result_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "out.png").symlink_to("theirs")

    kept = saved(tmp_path, tmp_path / "out.png")
    replaced = saved(tmp_path, tmp_path / "out.png", replacing=True)

    assert (kept.name, replaced.name) == (f"out-{JOB}.png", "out.png")
    assert not replaced.is_symlink()
    assert (tmp_path / "theirs").read_bytes() == b"theirs"


@pytest.mark.parametrize("kind", ["device", "pipe", "folder"])
def test_only_a_file_is_ever_replaced(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "out.png"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(os.devnull)
    before = path.lstat()

    kept = saved(tmp_path, path, replacing=True)

    assert (kept.name, kept.read_bytes()) == (f"out-{JOB}.png", CONTENT)
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)


def test_a_report_does_not_replace_a_device_either(tmp_path: Path) -> None:
    (tmp_path / "report.html").symlink_to(os.devnull)

    with PartFile(tmp_path) as part, pytest.raises(CannotSave):
        part.keep(tmp_path / "report.html", replace=True, job_id="")

    assert names(tmp_path) == ["report.html"]


@pytest.mark.parametrize("name", ["a" * 251 + ".png", "ä" * 125 + ".png", "日" * 83 + ".png"], ids=["a", "ä", "日"])
def test_a_name_as_long_as_possible_that_was_taken_meanwhile_loses_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"theirs")

    kept = saved(tmp_path, tmp_path / name)

    assert (kept.read_bytes(), kept.name.endswith(f"-{JOB}.png")) == (CONTENT, True)
    assert 250 <= len(os.fsencode(kept.name)) <= 255


def test_with_overwrite_the_old_file_is_replaced_whole(tmp_path: Path) -> None:
    (tmp_path / "out.png").write_bytes(b"old" * 10_000)

    saved(tmp_path, tmp_path / "out.png", replacing=True)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"out.png": CONTENT}


def test_a_folder_in_the_place_of_the_result_is_no_reason_to_lose_it(tmp_path: Path) -> None:
    (tmp_path / "out.png").mkdir()

    assert saved(tmp_path, tmp_path / "out.png").name == f"out-{JOB}.png"


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002], ids=oct)
def test_a_result_has_the_permissions_that_the_user_gives_new_files(tmp_path: Path, umask: int) -> None:
    program = (
        "import sys; from pathlib import Path; from aeforge_cli.files.atomic import PartFile\n"
        "with PartFile(Path(sys.argv[1])) as part:\n"
        "    part.write(b'x')\n"
        "    part.keep(Path(sys.argv[1]) / 'out.png', replace=False, job_id='j')"
    )

    subprocess.run([sys.executable, "-c", program, str(tmp_path)], umask=umask, check=True)

    assert stat.S_IMODE((tmp_path / "out.png").stat().st_mode) == 0o666 & ~umask


@pytest.mark.parametrize("module", ["atomic", "destination", "inputs"])
def test_reading_the_umask_leaves_it_as_it_was(module: str) -> None:
    program = f"import os, aeforge_cli.files.{module}; print(oct(os.umask(0)))"

    done = subprocess.run([sys.executable, "-c", program], umask=0o027, check=True, capture_output=True, text=True)

    assert done.stdout == "0o27\n"


def test_a_part_is_private_until_it_is_kept(tmp_path: Path) -> None:
    with PartFile(tmp_path):
        [part] = tmp_path.iterdir()

        assert stat.S_IMODE(part.stat().st_mode) == 0o600


def test_a_folder_that_vanished_is_told_as_one(tmp_path: Path) -> None:
    with pytest.raises(CannotSave), PartFile(tmp_path / "gone"):
        pass


def test_a_full_disk_is_told_as_one() -> None:
    error = OSError(errno.ENOSPC, "No space left on device")

    told = cannot_save(Path("out.png"), error)

    assert (told.message, told.why, told.hint) == (
        "out.png cannot be saved",
        "the disk is full",
        "make room on the disk",
    )


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.EACCES, "choose a folder that you may write to"),
        (errno.EROFS, "choose a folder that can be written"),
        (errno.ENOENT, "make the folder first: mkdir -p out"),
        (errno.EDQUOT, "make room within your quota"),
        (errno.EIO, "choose another output"),
    ],
    ids=lambda value: errno.errorcode.get(value, ""),
)
def test_what_cannot_be_saved_says_what_to_do(number: int, hint: str) -> None:
    assert cannot_save(Path("out/a.png"), OSError(number, "x")).hint == hint


# ------------------------------------------------------------------ what is left over


def test_what_a_killed_process_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    for name in (".aeforge-old.part", ".aeforge-x.png", "aeforge-y.part", "photo.png"):
        (tmp_path / name).write_bytes(b"x")

    sweep(tmp_path)

    assert names(tmp_path) == [".aeforge-x.png", "aeforge-y.part", "photo.png"]


def test_what_only_looks_like_a_part_is_not_swept(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".aeforge-pipe.part")
    (tmp_path / ".aeforge-folder.part").mkdir()
    with contextlib.suppress(OSError):  # only root makes devices, and not everywhere
        os.mknod(tmp_path / ".aeforge-device.part", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    (tmp_path / ".aeforge-link.part").symlink_to("photo.png")
    (tmp_path / "photo.png").write_bytes(b"x")

    before = names(tmp_path)
    sweep(tmp_path)

    assert names(tmp_path) == before


def test_a_part_that_is_still_written_is_not_swept(tmp_path: Path) -> None:
    with PartFile(tmp_path):
        sweep(tmp_path)

        assert len(names(tmp_path)) == 1


def test_a_part_of_another_process_is_not_swept_while_it_is_locked(tmp_path: Path) -> None:
    path = tmp_path / ".aeforge-theirs.part"
    with path.open("wb") as theirs:
        lock(theirs)

        sweep(tmp_path)

        assert names(tmp_path) == [path.name]


def test_a_part_that_is_begun_during_a_sweep_is_not_lost(tmp_path: Path) -> None:
    folder, rounds = tmp_path / "out", 400
    folder.mkdir()
    aliases = [tmp_path / str(number) for number in range(rounds)]  # each folder is swept once
    for alias in aliases:
        alias.symlink_to(folder)
    together, lost = threading.Barrier(2), []

    def sweeps() -> None:
        for alias in aliases:
            together.wait()
            sweep(alias)
            together.wait()

    sweeper = threading.Thread(target=sweeps)
    sweeper.start()
    for _ in aliases:
        together.wait()
        with PartFile(folder):
            together.wait()
            lost += [] if names(folder) else ["lost"]
    sweeper.join()

    assert lost == []


def test_a_folder_is_swept_once_for_all_the_results_of_a_batch(tmp_path: Path) -> None:
    sweep(tmp_path)
    (tmp_path / ".aeforge-old.part").write_bytes(b"x")

    sweep(tmp_path)

    assert names(tmp_path) == [".aeforge-old.part"]


def test_a_folder_that_does_not_exist_needs_no_sweeping(tmp_path: Path) -> None:
    sweep(tmp_path / "none")

    assert names(tmp_path) == []


def test_a_file_is_held_by_its_content(tmp_path: Path) -> None:
    path, link = tmp_path / "a.png", tmp_path / "link"
    path.write_bytes(CONTENT)
    link.symlink_to(path)
    digest = sha256(CONTENT).hexdigest()

    assert [holds(path, digest), holds(path, "0"), holds(path, None)] == [True, False, False]
    assert [holds(link, digest), holds(tmp_path, digest), holds(tmp_path / "none", digest)] == [False, False, False]


def test_without_links_too_a_name_that_was_taken_meanwhile_is_kept(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.write_text("mine")
    theirs.write_text("theirs")

    with pytest.raises(FileExistsError):
        _rename_to_free(mine, theirs)
    _rename_to_free(mine, tmp_path / "free")

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"theirs": "theirs", "free": "mine"}


def test_where_names_can_only_be_claimed_one_that_was_taken_meanwhile_is_kept(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.write_text("mine")
    theirs.write_text("theirs")

    with pytest.raises(FileExistsError):
        _rename_to_placeholder(mine, theirs)
    _rename_to_placeholder(mine, tmp_path / "free")

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"theirs": "theirs", "free": "mine"}


def test_a_name_that_was_claimed_in_vain_is_free_again(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        _rename_to_placeholder(tmp_path / "gone", tmp_path / "free")

    assert names(tmp_path) == []


# ------------------------------------------------------------------ anything at all

ODD_TEXT = st.text(st.characters(), max_size=40) | st.sampled_from(
    ["\ud800", "\0", "a\0b", "{", "}", "{{", "..", "/", ""]
)
ODD_FORM = st.text("0123456789dsxXobcneEfFgG%.,_<>^=+- #!:{}aYmHjn", max_size=8)
ODD_FIELD = st.builds(
    "{{{}{}{}}}".format,
    st.sampled_from(["stem", "name", "n", "job_id", "operation", "date", "ext", "color", "", "0", "stem.a", "n[0]"]),
    st.sampled_from(["", "!r", "!s", "!x"]),
    st.just("") | ODD_FORM.map(":{}".format),
)
ODD_TEMPLATE = st.lists(ODD_TEXT | ODD_FIELD | st.sampled_from(["/", ".", "-"]), max_size=5).map("".join)


@settings(max_examples=400)
@given(template=ODD_TEMPLATE, name=ODD_TEXT, job_id=st.sampled_from(["", JOB]), several=st.booleans())
def test_no_template_and_no_name_whatever_fail_but_as_errors_of_ours(
    tmp_path: Path, template: str, name: str, job_id: str, several: bool
) -> None:
    naming = replace(NAMING, name=name, job_id=job_id, several=several)
    try:
        where = destination(f"{tmp_path}/{template}", overwrite=False)
        where.check(naming, dry=True)
        made = where.paths(naming, 3 if several else 1)
        collisions = OutputCollisions([where.names(naming)])
    except AeforgeError:
        return

    collisions.check()
    assert len({*made}) == len(made)
    assert all(str(path) in collisions for path in made if job_id or where.is_predictable)


@given(name=ODD_TEXT)
def test_no_name_whatever_makes_a_stem_that_cannot_be_saved(name: str) -> None:
    stem = replace(NAMING, name=name).stem

    assert stem.strip(". ") or stem == "image"
    assert 0 < len(os.fsencode(stem)) <= 180


def test_in_an_encoding_that_knows_few_characters_the_others_are_replaced() -> None:
    program = "from aeforge_cli.files.destination import safe_name; print(ascii(safe_name('a\\u65e5b\\udcffc')))"
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    done = subprocess.run([sys.executable, "-c", program], env=env, check=True, capture_output=True, text=True)

    assert done.stdout in {"'a_b\\udcffc'\n", "'a\\u65e5b\\udcffc'\n"}
