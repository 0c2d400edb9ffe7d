"""Inputs that are no pictures, outputs in the way, disks that are full: told before money is spent, or kept."""

import os
import shutil
import socket
import stat
import subprocess
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import pytest

from aeforge_cli.api.operations import Inpaint
from aeforge_cli.files.inputs import from_path
from tests.conftest import Aeforge, Home, Run, png
from tests.faults.conftest import Edit
from tests.faults.direct import Direct
from tests.faults.fake import Fake
from tests.faults.invariants import KEPT
from tests.faults.origin import Answer, End, Request
from tests.faults.tracing import Call, calls, failing, tracing

JOB = "00000000-0000-4000-8000-000000000001"


def _umask(mask: str) -> tuple[str, ...]:
    return ("sh", "-c", f'umask {mask}; exec "$@"', "sh")


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestTheOutputIsInTheWay:
    @pytest.mark.row("D1")
    def test_a_file_that_exists_is_refused_before_anything_is_sent(self, edit: Edit, fake: Fake, out: Path) -> None:
        saved = out / "sky.png"
        saved.write_bytes(KEPT)

        run = edit("-o", saved)

        assert run.ending == (9, "output_exists")
        assert (saved.read_bytes(), fake.api.requests) == (KEPT, [])

    @pytest.mark.row("D1")
    def test_overwrite_replaces_it(self, edit: Edit, fake: Fake, out: Path) -> None:
        saved = out / "sky.png"
        saved.write_bytes(KEPT)

        run = edit("-o", saved, "--overwrite")

        assert (run.exit, saved.read_bytes() in fake.images.values()) == (0, True)

    @pytest.mark.row("D2")
    def test_a_file_that_comes_up_during_the_job_costs_no_result(self, edit: Edit, fake: Fake, out: Path) -> None:
        saved = out / "sky.png"

        def in_the_way(_: Request) -> None:
            saved.write_bytes(KEPT)

        fake.polls.says(in_the_way)

        run = edit("-o", saved)

        [file] = run.rows[0]["files"]
        assert run.exit == 0
        assert saved.read_bytes() == KEPT
        assert (Path(file["path"]).name, Path(file["path"]).read_bytes()) == (f"sky-{JOB}.png", fake.images_of(JOB)[0])

    @pytest.mark.row("D3")
    @pytest.mark.parametrize("target", ["gone.bin", "kept.bin"])
    def test_a_link_in_the_way_is_not_followed(
        self, edit: Edit, fake: Fake, home: Home, out: Path, target: str
    ) -> None:
        (home.work / "kept.bin").write_bytes(KEPT)
        link = out / "sky.png"
        link.symlink_to(home.work / target)

        run = edit("-o", link)

        assert run.ending == (9, "output_exists")
        assert (link.is_symlink(), fake.api.requests) == (True, [])

    @pytest.mark.row("D3")
    def test_overwrite_replaces_the_link_and_not_its_target(self, edit: Edit, home: Home, out: Path) -> None:
        target = home.work / "kept.bin"
        target.write_bytes(KEPT)
        link = out / "sky.png"
        link.symlink_to(target)

        run = edit("-o", link, "--overwrite")

        assert (run.exit, link.is_symlink(), target.read_bytes()) == (0, False, KEPT)

    @pytest.mark.row("D4")
    def test_a_temporary_file_never_opens_what_is_there(self, edit: Edit, out: Path, strace: str, home: Home) -> None:
        log = home.root / "strace"

        run = edit.start(
            "-o", out / "sky.png", under=(strace, "-f", "-y", "-e", "trace=openat", "-o", str(log))
        ).finish()

        opened = [call.text for call in calls(log) if ".aeforge-" in call.text and "O_CREAT" in call.text]
        assert run.exit == 0
        assert [text for text in opened if "O_EXCL" not in text or "O_NOFOLLOW" not in text] == []
        assert opened != []

    @pytest.mark.row("D5", "D6")
    @pytest.mark.parametrize(
        "output",
        [
            pytest.param("photo.png/sky.png", id="the folder is a file"),
            pytest.param("photo.png/new/sky.png", id="a folder above is a file"),
            pytest.param("/proc/sky.png", id="the folder cannot be written"),
            pytest.param("/proc/new/sky.png", id="the folder cannot be made"),
            pytest.param("out/" + "x" * 300 + ".png", id="the name is too long"),
        ],
    )
    def test_a_place_that_cannot_be_written_is_refused_before_anything_is_sent(
        self, edit: Edit, fake: Fake, output: str
    ) -> None:
        run = edit("-o", output)

        assert run.ending == (9, "cannot_save")
        assert fake.api.requests == []

    @pytest.mark.row("D6")
    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_without_write_permission_is_refused_before_anything_is_sent(
        self, edit: Edit, fake: Fake, out: Path
    ) -> None:
        out.chmod(0o555)

        run = edit("-o", out / "sky.png")

        assert run.ending == (9, "cannot_save")
        assert fake.api.requests == []

    @pytest.mark.row("D5")
    @pytest.mark.rules(journal=False)
    def test_a_folder_as_output_is_saved_into(self, edit: Edit, out: Path) -> None:
        run = edit("-o", out)

        assert (run.exit, [path.name for path in out.iterdir()]) == (0, ["photo.png"])

    @pytest.mark.row("D5")
    @pytest.mark.parametrize("output", ["out/new/deep/sky.png", "out/new/", "out/{stem}/{n:03d}.{ext}"])
    def test_a_folder_that_does_not_exist_is_made(self, edit: Edit, fake: Fake, home: Home, output: str) -> None:
        tried = edit("-o", output, "--dry-run")
        made_by_trying = [*(home.work / "out").iterdir()]
        run = edit("-o", output)

        [file] = run.rows[0]["files"]
        assert (tried.exit, made_by_trying, run.exit) == (0, [], 0)
        assert (home.work / file["path"]).read_bytes() == fake.images_of(JOB)[0]

    @pytest.mark.row("D5")
    def test_a_dry_run_refuses_a_folder_that_cannot_be_made(self, edit: Edit) -> None:
        assert edit("-o", "photo.png/new/sky.png", "--dry-run").ending == (9, "cannot_save")

    @pytest.mark.row("D5")
    def test_a_folder_that_a_file_replaces_during_the_job_is_told(self, edit: Edit, fake: Fake, out: Path) -> None:
        def replaced(_: Request) -> None:
            (out / "new").rmdir()
            (out / "new").write_bytes(KEPT)

        fake.polls.says(replaced)

        run = edit("-o", out / "new" / "sky.png")

        assert run.ending == (9, "cannot_save")
        assert run.error["job_id"] == JOB
        (out / "new").unlink()
        _assert_saved_later(edit, fake, out, JOB)

    @pytest.mark.row("D5")
    def test_a_template_that_cannot_be_filled_in_is_refused_before_anything_is_sent(
        self, edit: Edit, fake: Fake
    ) -> None:
        for template in ("{stem:d}", "{n:x}.png", "{date:%n}.png", "{stem!r}.png", "{color}/", "a{.png"):
            assert edit("-o", template).ending == (2, "usage")

        assert fake.api.requests == []

    @pytest.mark.row("D12")
    def test_the_longest_possible_name_can_be_saved(self, edit: Edit, out: Path) -> None:
        saved = out / ("ä" * 125 + "a.png")  # 255 bytes

        run = edit("-o", saved)

        assert (run.exit, saved.exists()) == (0, True)

    @pytest.mark.row("D12")
    def test_a_long_input_name_is_cut_between_characters(self, edit: Edit, fake: Fake, home: Home, out: Path) -> None:
        fake.results = 2
        photo = home.work / ("ä" * 125 + "a.png")
        photo.write_bytes(png(9))

        run = edit.aeforge("inpaint", photo, "-p", "x", "--json", "-o", f"{out}/", env=fake.env)

        names = sorted(path.name for path in out.iterdir())
        assert (run.exit, names) == (0, ["ä" * 90 + "-1.png", "ä" * 90 + "-2.png"])

    @pytest.mark.row("D13")
    @pytest.mark.parametrize(
        "names",
        [
            pytest.param(("a.jpg", "a.png"), id="suffix"),
            pytest.param(("A.png", "a.png"), id="case"),
            pytest.param(("x/a.png", "y/a.png"), id="folder"),
            pytest.param(("\u00e4.png", "a\u0308.png"), id="unicode form"),
        ],
    )
    def test_two_results_of_one_name_are_found_before_anything_is_paid(
        self, aeforge: Aeforge, fake: Fake, home: Home, out: Path, names: tuple[str, str]
    ) -> None:
        inputs = [home.work / name for name in names]
        for shade, path in enumerate(inputs):
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(png(shade))

        run = aeforge("inpaint", *inputs, "-p", "x", "--json", "-o", f"{out}/", env=fake.env)

        assert run.exit in {2, 9}
        assert (fake.api.requests, list(out.iterdir())) == ([], [])


class TestTheOutputIsNoFile:
    @pytest.mark.row("D3")
    @pytest.mark.parametrize("options", [(), ("--overwrite",)], ids=["plain", "overwrite"])
    def test_a_link_to_a_device_is_written_through_and_stays(
        self, edit: Edit, out: Path, options: tuple[str, ...]
    ) -> None:
        link = out / ".device"
        link.symlink_to(os.devnull)

        run = edit("-o", link, *options)

        assert (run.exit, run.rows[0]["files"][0]["path"]) == (0, str(link))
        assert (link.is_symlink(), stat.S_ISCHR(Path(os.devnull).stat().st_mode)) == (True, True)

    @pytest.mark.row("D3")
    @pytest.mark.parametrize("options", [(), ("--overwrite",)], ids=["plain", "overwrite"])
    def test_a_pipe_is_written_to_and_stays(self, edit: Edit, fake: Fake, home: Home, options: tuple[str, ...]) -> None:
        pipe = home.work / "pipe"
        os.mkfifo(pipe)
        with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
            run = edit("-o", pipe, *options)
            read = reader.communicate(timeout=60)[0]

        assert (run.exit, read, pipe.is_fifo()) == (0, fake.images_of(JOB)[0], True)

    @pytest.mark.row("D3")
    def test_a_pipe_of_the_shell_is_written_to(self, edit: Edit, fake: Fake, home: Home) -> None:
        bash = shutil.which("bash") or pytest.skip("bash is not installed")

        run = edit.start(under=(bash, "-c", '"$@" -o >(cat >read.png)', "bash")).finish()

        until = time.monotonic() + 60
        while (home.work / "read.png").read_bytes() != fake.images_of(JOB)[0] and time.monotonic() < until:
            time.sleep(0.01)  # `cat` may end after the command
        assert run.exit == 0
        assert (home.work / "read.png").read_bytes() == fake.images_of(JOB)[0]

    @pytest.mark.row("D3")
    @pytest.mark.parametrize("redirection", ["| cat", "", ">> read.png"], ids=["a pipe", "the test's pipe", "appended"])
    def test_standard_output_by_name_is_standard_output(
        self, edit: Edit, fake: Fake, home: Home, redirection: str
    ) -> None:
        (home.work / "read.png").write_bytes(b"before")
        under = ("sh", "-c", f'"$@" {redirection}', "sh")
        words = ("inpaint", edit.photo, "-p", "x", "-o", "/dev/stdout")

        run = edit.aeforge.start(*words, env=fake.env, under=under).finish()

        image = fake.images_of(JOB)[0]
        appended = redirection.startswith(">>")
        assert run.exit == 0
        assert (run.output, (home.work / "read.png").read_bytes()) == (
            b"" if appended else image,
            b"before" + (image if appended else b""),
        )

    @pytest.mark.row("D7")
    def test_a_full_device_loses_nothing_that_was_paid(self, edit: Edit, fake: Fake, out: Path) -> None:
        if not Path("/dev/full").exists():
            pytest.skip("only Linux has it")

        run = edit("-o", "/dev/full")

        assert run.ending == (9, "cannot_save")
        assert "disk is full" in run.error["message"]
        _assert_saved_later(edit, fake, out, run.error["job_id"])


class TestTheInputIsNoPicture:
    @pytest.mark.row("D16")
    @pytest.mark.parametrize(
        "kind",
        [
            "missing",
            "folder",
            "fifo",
            "socket",
            "zero",
            "null",
            "empty",
            "text",
            "huge",
            "bm",
            "jpeg",
            "cut",
            "dangling",
        ],
    )
    def test_it_is_refused_before_anything_is_sent(self, edit: Edit, fake: Fake, home: Home, kind: str) -> None:
        path = _no_picture(home.work / "input", kind)

        run = edit.aeforge("inpaint", path, "-p", "x", "--json", env=fake.env, within=15)

        assert run.exit == 2
        assert run.error["code"] in {"file_not_found", "not_an_image", "usage"}
        assert fake.api.requests == []

    @pytest.mark.row("D16")
    def test_a_picture_is_judged_by_its_bytes_and_not_by_its_name(self, edit: Edit, fake: Fake, home: Home) -> None:
        path = home.work / "picture.txt"
        path.write_bytes(png(3))

        run = edit.aeforge("inpaint", path, "-p", "x", "--json", env=fake.env)

        assert (run.exit, fake.ledger[0].uploads[0].content_type) == (0, "image/png")

    @pytest.mark.row("D17")
    def test_one_picture_that_vanishes_does_not_stop_the_others(
        self, aeforge: Aeforge, fake: Fake, photos: list[Path]
    ) -> None:
        def unlink_the_second(_: Request) -> None:
            photos[1].unlink()

        fake.submissions.says(unlink_the_second)

        run = aeforge("inpaint", *photos[:3], "-p", "x", "--json", "-j", "1", env=fake.env)

        assert run.ending == (6, "partial")
        assert sorted(row["status"] for row in run.rows if row["image_urls"]) == ["Succeed", "Succeed"]
        assert len(fake.ledger) == 2

    @pytest.mark.row("D17")
    def test_a_picture_that_vanishes_while_it_is_sent_is_named(self, fake: Fake, user: Direct, home: Home) -> None:
        path = home.work / "photo.png"
        path.write_bytes(png(7))
        picture = from_path(str(path))
        path.unlink()

        assert user.submit(Inpaint(picture, "blue sky")) == "file_not_found 2"
        assert user.failure.message == f"{path} could not be read while it was being sent"
        assert fake.ledger == []

    @pytest.mark.row("D16")
    def test_standard_input_that_never_ends_is_given_up(self, edit: Edit, fake: Fake) -> None:
        with Path("/dev/zero").open("rb") as endless:
            running = edit.aeforge.start("inpaint", "-", "-p", "x", "--json", env=fake.env, stdin=endless.fileno())
            run = running.finish()

        assert run.ending == (2, "not_an_image")
        assert fake.api.requests == []

    @pytest.mark.row("D14", "D15")
    @pytest.mark.parametrize(
        "pasted",
        [
            pytest.param("file://{path}", id="an address"),
            pytest.param("{path}", id="quoted"),
            pytest.param("'{plain}'", id="in quotes"),
        ],
    )
    def test_a_pasted_path_is_understood(self, edit: Edit, fake: Fake, home: Home, out: Path, pasted: str) -> None:
        path = home.work / "my photo (1).png"
        path.write_bytes(png(5))
        escaped = quote(str(path)) if "://" in pasted else str(path).replace(" ", "\\ ")
        text = pasted.format(path=escaped, plain=path)

        run = edit.aeforge("inpaint", text, "-p", "x", "--json", "-o", f"{out}/", env=fake.env)

        assert (run.exit, fake.ledger[0].uploads[0].sha256) == (0, sha256(png(5)).hexdigest())

    @pytest.mark.row("D14", "D15")
    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("bad_\udcff\U0001f600.png", id="no UTF-8"),
            pytest.param("a\"b'c[red][link=d]:skull:.png", id="quotes and markup"),
            pytest.param("a\r\nX-Key: b.png", id="line end"),
            pytest.param("-\x1b]0;owned\x07\x1b[31m\u202egnp.exe", id="escape and bidi"),
        ],
    )
    def test_a_name_of_any_bytes_works_and_is_not_sent(
        self, aeforge: Aeforge, fake: Fake, home: Home, out: Path, name: str
    ) -> None:
        path = home.work / name
        path.write_bytes(png(4))

        run = aeforge("inpaint", path, "-p", "x", "--verbose", "-o", f"{out}/", env=fake.env)

        assert run.exit == 0
        assert [upload.filename for upload in fake.ledger[0].uploads] == ["image.png"]
        assert len(list(out.iterdir())) == 1


class TestTheDiskFails:
    """Which call fails is counted in a run that succeeds, so that no name of ours has to be known."""

    @pytest.mark.row("D7")
    def test_a_full_disk_loses_nothing_that_was_paid(self, edit: Edit, fake: Fake, out: Path, strace: str) -> None:
        bought = _Bought(edit, strace)
        when = bought.first("fsync", ".part")

        run = bought.save(out / "sky.png", failing(strace, when, "ENOSPC"))

        assert run.ending == (9, "cannot_save")
        assert "disk is full" in run.error["message"]
        _assert_saved_later(edit, fake, out, run.error["job_id"])

    @pytest.mark.row("D7")
    def test_a_result_beyond_the_limit_on_files_loses_nothing(self, edit: Edit, fake: Fake, out: Path) -> None:
        limit = shutil.which("prlimit") or pytest.skip("prlimit is not installed")
        job_id = fake.add_job(png(1, side=300, packed=False))
        fake.submissions.says(fake.accepts(job_id))

        run = edit.start("-o", out / "sky.png", under=(limit, "--fsize=131072")).finish()

        assert run.ending == (9, "cannot_save")
        _assert_saved_later(edit, fake, out, job_id)

    @pytest.mark.row("D10", "D11")
    @pytest.mark.parametrize(
        ("syscall", "error"), [("fsync", "EIO"), ("link", "EROFS"), ("link", "EXDEV"), ("fchmod", "EIO")]
    )
    def test_a_disk_that_fails_at_the_last_step_loses_nothing(
        self, edit: Edit, fake: Fake, out: Path, strace: str, syscall: str, error: str
    ) -> None:
        bought = _Bought(edit, strace)
        when = bought.first(syscall, ".part")

        under = failing(strace, when, error, also="rename,renameat2" if syscall == "link" else "")
        run = bought.save(out / "sky.png", under)

        assert run.ending == (9, "cannot_save")
        _assert_saved_later(edit, fake, out, run.error["job_id"])

    @pytest.mark.row("D11")
    @pytest.mark.parametrize(("error", "also"), [("EPERM", ""), ("ENOSYS", "renameat2")], ids=["FAT", "an old kernel"])
    def test_a_disk_without_links_is_no_obstacle(
        self, edit: Edit, fake: Fake, out: Path, strace: str, error: str, also: str
    ) -> None:
        bought = _Bought(edit, strace)
        when = bought.first("link", ".part")

        run = bought.save(out / "sky.png", failing(strace, when, error, also=also))

        assert (run.exit, (out / "sky.png").read_bytes()) == (0, fake.images_of(run.rows[0]["job_id"])[0])

    @pytest.mark.row("D11")
    @pytest.mark.parametrize("error", ["ENOSYS", "ENOLCK", "EOPNOTSUPP"])
    def test_a_disk_without_locks_is_no_obstacle(
        self, edit: Edit, fake: Fake, out: Path, strace: str, error: str
    ) -> None:
        assert edit("--no-wait").exit == 0

        run = _Bought(edit, strace).save(out / "sky.png", failing(strace, ("flock", "1+"), error))

        assert (run.exit, (out / "sky.png").read_bytes()) == (0, fake.images_of(JOB)[0])

    @pytest.mark.parametrize("error", ["ENOSYS", "ENOLCK"])
    def test_without_locks_nothing_is_bought_since_a_second_process_could_buy_it_too(
        self, edit: Edit, fake: Fake, strace: str, error: str
    ) -> None:
        bought = len(fake.ledger)
        words = (("--no-wait",), (edit.photo.with_name("other.png"), "--no-wait"))
        edit.photo.with_name("other.png").write_bytes(png(7))

        runs = [edit.start(*each, under=failing(strace, ("flock", "1+"), error)).finish() for each in words]

        assert [run.ending for run in runs] == [(9, "cannot_save")] * 2
        assert runs[0].error["hint"] == "name a folder on a local disk with AEFORGE_STATE_DIR"
        assert len(fake.ledger) == bought

    @pytest.mark.parametrize("error", ["ENOSYS", "ENOLCK"])
    def test_without_locks_all_else_works(self, edit: Edit, fake: Fake, strace: str, error: str) -> None:
        bought = len(fake.ledger)
        photo, under = str(edit.photo), failing(strace, ("flock", "1+"), error)
        commands = {
            ("config", "set", "quality", "pro"): b"",
            ("auth", "login", "--with-token", "--no-verify", "--profile", "other"): b"sk-another-key-0123",
            ("job", "list"): b"",
            ("usage",): b"",
            ("inpaint", photo, "-p", "blue sky", "--dry-run"): b"",
        }

        runs = [edit.aeforge.start(*words, under=under, stdin=-1).finish(stdin) for words, stdin in commands.items()]

        assert [(run.exit, run.stderr) for run in runs if run.exit] == []
        assert len(fake.ledger) == bought

    @pytest.mark.parametrize("error", ["ENOLCK", "EOPNOTSUPP"])
    def test_without_locks_the_sandbox_works_since_it_costs_nothing(self, edit: Edit, strace: str, error: str) -> None:
        large = edit.photo.with_name("large.png")
        words = ("upscale", edit.photo, "--sandbox", "-o", large, "--json")
        sandbox = {"AEFORGE_BASE_URL": None, "AEFORGE_API_KEY": None}

        run = edit.aeforge.start(*words, env=sandbox, under=failing(strace, ("flock", "1+"), error)).finish()

        assert (run.exit, large.exists()) == (0, True)
        assert "warning: jobs are not recorded" in run.stderr

    @pytest.mark.parametrize("error", ["ENOSYS", "ENOLCK"])
    def test_doctor_says_that_nothing_can_be_bought_without_locks(self, edit: Edit, strace: str, error: str) -> None:
        under = failing(strace, ("flock", "1+"), error)

        run = edit.aeforge.start("doctor", "--offline", "--json", env=edit.fake.env, under=under).finish()

        assert [check["name"] for check in run.rows[0]["checks"] if not check["ok"]] == ["journal"]
        assert run.ending == (9, "cannot_save")

    @pytest.mark.row("D8", "D10")
    @pytest.mark.parametrize(("syscall", "error"), [("pwrite64", "ENOSPC"), ("fdatasync", "EIO")])
    def test_a_job_that_cannot_be_recorded_is_not_bought(
        self, edit: Edit, fake: Fake, strace: str, syscall: str, error: str
    ) -> None:
        edit.aeforge("job", "list")  # the journal exists
        before = _calls_of(edit, strace, (syscall, "sendto"), "--no-wait")
        first = next((n for n, call in _numbered(before, syscall) if ".sqlite" in call.text), None)
        if first is None:
            pytest.skip(f"{syscall} is not what the journal uses here")
        bought = len(fake.ledger)

        run = edit.start("--no-wait", "--new", under=failing(strace, (syscall, first), error)).finish()

        assert run.exit in {1, 9}
        assert "job" in run.error["message"] or "journal" in run.error["message"]
        assert len(fake.ledger) == bought

    @pytest.mark.row("D9")
    @pytest.mark.rules(journal=False)
    def test_an_id_that_cannot_be_recorded_is_told_first(self, edit: Edit, fake: Fake, strace: str) -> None:
        full = _full_after_the_submission(edit, strace)

        run = edit.start("--no-wait", "--new", under=full).finish()

        [_, job_id] = fake.jobs
        assert (run.exit, run.stdout) == (9, "")
        assert f"RECORD THIS: job {job_id}" in run.stderr
        assert run.error["job_id"] == job_id

    @pytest.mark.row("D9", "A7")
    def test_a_lost_answer_that_cannot_be_recorded_either_is_still_told(
        self, edit: Edit, fake: Fake, strace: str
    ) -> None:
        full = _full_after_the_submission(edit, strace)
        fake.submissions.says(Answer(raw=b"", end=End.FIN))

        run = edit.start("--no-wait", "--new", under=full).finish()

        assert run.ending == (10, "submit_unknown")

    @pytest.mark.row("D19")
    def test_what_a_killed_process_left_is_swept_at_the_next_start(self, edit: Edit, out: Path) -> None:
        left = out / ".aeforge-abcdefgh.part"
        left.write_bytes(b"half a picture")
        os.utime(left, (time.time() - 7200,) * 2)

        run = edit("-o", out / "sky.png")

        assert (run.exit, [path.name for path in out.iterdir()]) == (0, ["sky.png"])

    @pytest.mark.parametrize("error", ["EPERM", "ENOSYS"])
    def test_a_disk_without_modes_takes_results_all_the_same(
        self, edit: Edit, out: Path, strace: str, error: str
    ) -> None:
        run = edit.start("-o", out / "sky.png", under=failing(strace, ("fchmod", "1+"), error, also="chmod")).finish()

        assert (run.exit, [path.name for path in out.iterdir()]) == (0, ["sky.png"])

    @pytest.mark.row("D18")
    @pytest.mark.parametrize(("mask", "expected"), [("022", 0o644), ("077", 0o600), ("000", 0o666)])
    def test_pictures_follow_the_umask_and_the_journal_is_private(
        self, edit: Edit, home: Home, out: Path, mask: str, expected: int
    ) -> None:
        run = edit.start("-o", out / "sky.png", under=_umask(mask)).finish()

        assert (run.exit, _mode(out / "sky.png")) == (0, expected)
        assert {_mode(path) for path in home.state.glob("*.sqlite3")} == {0o600}

    @pytest.mark.row("D18")
    @pytest.mark.parametrize("mask", ["000", "077", "777"])
    def test_the_key_is_private_under_any_umask(self, aeforge: Aeforge, fake: Fake, home: Home, mask: str) -> None:
        env = {**fake.env, "AEFORGE_API_KEY": None}
        key = str(fake.env["AEFORGE_API_KEY"]).encode()

        running = aeforge.start("auth", "login", "--with-token", env=env, under=_umask(mask), stdin=-1)

        assert running.finish(key).exit == 0
        assert {path.name: _mode(path) for path in home.config.glob("*.toml")} == {"config.toml": 0o600}


class TestTheJournalCannotBeUsed:
    @pytest.mark.row("D20")
    @pytest.mark.rules(journal=False)
    @pytest.mark.parametrize("place", ["/proc/nowhere", "photo.png/state"])
    def test_a_home_that_cannot_be_written_is_a_warning(self, edit: Edit, home: Home, out: Path, place: str) -> None:
        env = {"AEFORGE_STATE_DIR": place if place.startswith("/") else str(home.work / place)}

        run = edit("-o", out / "sky.png", env=env)

        assert (run.exit, run.rows[0]["job_id"]) == (0, JOB)
        assert run.stderr.count("AEFORGE_STATE_DIR") == 1
        assert JOB in run.stderr

    @pytest.mark.row("D21")
    @pytest.mark.rules(journal=False)
    @pytest.mark.parametrize("damage", [b"this is no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
    def test_a_damaged_journal_is_kept_and_nothing_is_bought(
        self, edit: Edit, fake: Fake, home: Home, damage: bytes
    ) -> None:
        path = _journal_file(edit, home)
        path.write_bytes(damage)

        run = edit()

        kept = [path.read_bytes() for path in home.state.iterdir() if path.is_file()]
        assert run.ending == (1, "journal_damaged")
        assert path.name in run.error["message"]
        assert (damage in kept, fake.posts()) == (True, [])

    @pytest.mark.row("D21")
    @pytest.mark.rules(journal=False)
    def test_a_journal_of_a_newer_version_is_kept_and_nothing_is_bought(
        self, edit: Edit, fake: Fake, home: Home
    ) -> None:
        path = _journal_file(edit, home)
        newer = bytearray(path.read_bytes())
        newer[60:64] = (9999).to_bytes(4, "big")  # PRAGMA user_version
        path.write_bytes(newer)

        run = edit()

        assert run.exit == 1
        assert (path.read_bytes(), fake.posts()) == (bytes(newer), [])

    @pytest.mark.row("D22")
    def test_a_journal_copied_in_the_middle_of_a_job_can_be_read(self, edit: Edit, fake: Fake, home: Home) -> None:
        fake.pending = float("inf")
        running = edit.start()
        fake.wait_for_looks(1)

        copy = home.root / "copy"
        shutil.copytree(home.state, copy)
        rows = edit.aeforge("job", "list", "--json", env={"AEFORGE_STATE_DIR": str(copy)}).rows
        fake.finish()
        running.finish()

        assert [(row["job_id"], row["state"]) for row in rows] == [(JOB, "accepted")]

    @pytest.mark.row("D23")
    def test_names_that_other_systems_reserve_are_changed(
        self, aeforge: Aeforge, fake: Fake, home: Home, out: Path
    ) -> None:
        names = ("CON.png", "aux.jpg", "com1.png", "trailing. .png", "...png")
        for shade, name in enumerate(names):
            (home.work / name).write_bytes(png(shade))

        run = aeforge("inpaint", *names, "-p", "x", "--json", "-o", f"{out}/", env=fake.env)

        stems = {saved.stem.lower() for saved in out.iterdir()}
        assert (run.exit, len(stems)) == (0, len(names))
        assert stems & {"con", "aux", "com1"} == set()
        assert [stem for stem in stems if stem.endswith((".", " "))] == []


def _no_picture(path: Path, kind: str) -> Path:
    match kind:
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case "socket":
            return _socket(path)
        case "zero" | "null":
            return Path("/dev") / kind
        case "dangling":
            path.symlink_to("nowhere")
        case "missing":
            pass
        case _:
            path.write_bytes(NO_PICTURES[kind])
    if kind == "huge":
        os.truncate(path, 10_000_000_000)
    return path


NO_PICTURES = {
    "empty": b"",
    "text": b"this is no picture",
    "bm": b"BMW is a maker of cars and motorcycles, and this is a text about it.\n" * 10,
    "jpeg": b"\xff\xd8\xff\xe0",
    "cut": png(1)[:-12],
    "huge": png(1),
}


def _socket(path: Path) -> Path:
    folder = os.open(path.parent, os.O_RDONLY)  # the path of a socket may have 107 bytes only
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
    return path


def _journal_file(edit: Edit, home: Home) -> Path:
    """The journal's one file, after a first job."""
    edit.fake.repeats = 2
    edit("--no-wait")
    edit.fake.api.requests.clear()
    edit.fake.ledger.clear()
    [path] = home.state.glob("*.sqlite3")
    return path


def _calls_of(edit: Edit, strace: str, names: tuple[str, ...], *options: str | Path) -> list[Call]:
    log = edit.aeforge.home.root / "strace"
    assert edit.start(*options, under=tracing(strace, names, log)).finish().exit == 0
    return calls(log)


def _numbered(made: list[Call], name: str) -> list[tuple[int, Call]]:
    """The calls of this name, numbered as strace counts them."""
    return list(enumerate((call for call in made if call.name == name), 1))


def _full_after_the_submission(edit: Edit, strace: str) -> tuple[str, ...]:
    """A command that runs another, whose journal finds the disk full once the job was submitted."""
    edit.fake.repeats = 2
    edit.aeforge("job", "list")  # the journal exists
    seen = _calls_of(edit, strace, ("pwrite64", "sendto", "connect"), "--no-wait")
    sent = max(place for place, call in enumerate(seen) if call.name != "pwrite64")
    before = sum(call.name == "pwrite64" for call in seen[:sent])
    return failing(strace, ("pwrite64", f"{before + 1}+"), "ENOSPC")


@dataclass(frozen=True)
class _Bought:
    """A job that exists, to be saved again and again."""

    edit: Edit
    strace: str

    def first(self, name: str, mention: str) -> tuple[str, int]:
        """Which call of this name is the first to mention the file, in a run like the one to come."""
        assert self.edit("--no-wait").exit == 0
        log = self.edit.aeforge.home.root / "strace"
        place = self.edit.photo.with_name("first.png")
        names = (name, "linkat") if name == "link" else (name,)  # os.link calls the one or the other
        assert self.save(place, tracing(self.strace, names, log)).exit == 0
        place.unlink()
        numbered = ((each, number, call) for each in names for number, call in _numbered(calls(log), each))
        return next((each, number) for each, number, call in numbered if mention in call.text)

    def save(self, place: Path, under: tuple[str, ...]) -> Run:
        words = ("job", "wait", JOB, "-o", place, "--json")
        return self.edit.aeforge.start(*words, env=self.edit.fake.env, under=under).finish()


def _assert_saved_later(edit: Edit, fake: Fake, out: Path, job_id: str) -> None:
    assert list(out.iterdir()) == []
    run = edit.aeforge("job", "wait", job_id, "-o", out / "sky.png", "--json", env=fake.env)
    assert (run.exit, (out / "sky.png").read_bytes()) == (0, fake.images_of(job_id)[0])
