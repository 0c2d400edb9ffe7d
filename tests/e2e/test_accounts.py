"""What the processes of one account know of one another: earlier keys, a lost journal, and what the service asked."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Aeforge, Home, png
from tests.faults.fake import Fake, told_as_json
from tests.faults.origin import Answer

NEW_KEY = "sk-rotated-0123456789abcdef"
ROTATED = {"AEFORGE_API_KEY": NEW_KEY}
NOT_FOUND = {"detail": "Job not found"}

pytestmark = pytest.mark.usefixtures("photo")


def begin(user: Aeforge, prompt: str = "blue sky") -> str:
    run = user("inpaint", "photo.png", "-p", prompt, "-o", "sky.png", "--timeout", "1s", "--json")
    assert run.exit == 8
    return str(run.error["job_id"])


@pytest.fixture
def unfinished(user: Aeforge, fake: Fake, photo: Path) -> str:
    """A job of the old key that runs at the service; the user has a new key since."""
    fake.pending = 10_000
    job_id = begin(user)
    fake.keys.add(NEW_KEY)
    return job_id


# ------------------------------------------------------------------ a new key


def test_work_of_an_earlier_key_of_the_same_account_is_resumed(user: Aeforge, fake: Fake, unfinished: str) -> None:
    fake.finish()

    run = user("inpaint", "photo.png", "-p", "blue sky", "-o", "sky.png", "--json", env=ROTATED)

    [row] = run.rows
    assert (run.exit, row["job_id"], row["action"], len(fake.posts())) == (0, unfinished, "resume", 1)
    assert fake.api.requests[-1].headers["authorization"] == f"Bearer {NEW_KEY}"


def test_once_known_the_earlier_rows_are_the_accounts_own(user: Aeforge, fake: Fake, unfinished: str) -> None:
    fake.finish()
    user("inpaint", "photo.png", "-p", "blue sky", "-o", "sky.png", env=ROTATED)
    asked = len(fake.api.requests)

    again = user("inpaint", "photo.png", "-p", "blue sky", "-o", "sky.png", "--resume", "--json", env=ROTATED)

    assert ([row["action"] for row in again.rows], len(fake.api.requests) - asked) == (["keep"], 0)


@pytest.mark.usefixtures("unfinished")
def test_a_few_answers_that_a_job_is_not_known_do_not_buy_it_again(user: Aeforge, fake: Fake) -> None:
    fake.finish()
    fake.polls.says(*[told_as_json(NOT_FOUND, status=404)] * 2)
    command = ("inpaint", "photo.png", "-p", "blue sky", "-o", "sky.png", "--json")

    run = user(*command, env=ROTATED)

    assert (run.exit, run.rows[0]["action"], len(fake.posts())) == (0, "resume", 1)


TROUBLE = {
    "a server error": (Answer(500), (5, "service_error")),
    "a page in place of an answer": (Answer(404, b"<html>", {"Content-Type": "text/html"}), (5, "service_error")),
    "an answer that is none": (Answer(200, b"oops"), (1, "unexpected_answer")),
    "a refused key": (told_as_json({"detail": "Invalid API key"}, status=401), (4, "key_rejected")),
}


@pytest.mark.parametrize(("answer", "ending"), TROUBLE.values(), ids=TROUBLE)
@pytest.mark.usefixtures("unfinished")
def test_as_long_as_nobody_can_say_whose_work_it_is_nothing_is_sent(
    user: Aeforge, fake: Fake, answer: Answer, ending: tuple[int, str]
) -> None:
    fake.polls.always(answer)

    run = user("inpaint", "photo.png", "-p", "blue sky", "--timeout", "2s", "--json", env=ROTATED)

    assert (run.ending, len(fake.posts())) == (ending, 1)


def test_an_account_that_is_named_is_the_same_under_any_key(user: Aeforge, fake: Fake) -> None:
    fake.pending = 10_000
    user("config", "set", "account", "studio")
    job_id = begin(user)
    fake.keys = {NEW_KEY}
    fake.finish()
    looks = len(fake.looks())

    [row] = user("inpaint", "photo.png", "-p", "blue sky", "-o", "sky.png", "--json", env=ROTATED).rows

    assert (row["job_id"], len(fake.posts()), len(fake.looks()) - looks) == (job_id, 1, 1)


# ------------------------------------------------------------------ a journal that was damaged


def damage(home: Home) -> None:
    (home.state / "jobs.sqlite3").write_bytes(b"this is no database" * 1000)


@pytest.mark.parametrize("agreed", ["--yes", "--new"])
def test_a_loop_that_tries_again_does_not_buy_what_a_lost_journal_knew(
    user: Aeforge, fake: Fake, home: Home, agreed: str
) -> None:
    command = ("inpaint", "photo.png", "-p", "blue sky", "--json")
    user(*command)
    damage(home)

    first, second, third = user(*command), user(*command), user(*command)
    confirmed, later = user(*command, agreed), user(*command)

    assert [run.ending for run in (first, second, third)] == [(1, "journal_damaged")] * 3
    assert "what was paid for before" in second.error["message"]
    assert "set aside as" in second.error["message"]
    assert "--yes" in second.error["hint"]
    assert (confirmed.exit, later.exit) == (0, 0)
    assert len(fake.posts()) == 3  # before, confirmed, and a new job of the same prompt


def test_a_list_in_such_a_loop_sends_nothing_either(user: Aeforge, fake: Fake, home: Home) -> None:
    (home.work / "b.png").write_bytes(png(2))
    damage(home)
    command = ("inpaint", "photo.png", "b.png", "-p", "blue sky", "-o", "out/", "--json")

    refused = [user(*command, "--resume").exit for _ in range(3)]

    assert (refused, fake.posts()) == ([1, 1, 1], [])
    assert user(*command, "--resume", "--yes").exit == 0


def _linked_away(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("on-a-disk-that-is-not-mounted")


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("lose", [_linked_away, _a_folder, lambda path: path.write_bytes(b"")])
def test_a_journal_that_stands_there_and_cannot_be_read_is_no_leave_to_buy_again(
    user: Aeforge, fake: Fake, home: Home, lose: Callable[[Path], object]
) -> None:
    command = ("inpaint", "photo.png", "-p", "blue sky", "-o", "sky.png", "--json")
    fake.pending = 1000
    user(*command, "--timeout", "1s")
    lose(home.state / "jobs.sqlite3")
    fake.finish()

    refused = [user(*command, *options).ending for options in ((), (), ("--resume",))]

    assert (refused, len(fake.posts())) == ([(1, "journal_damaged")] * 3, 1)
    assert user(*command, "--yes").exit == 0


# ------------------------------------------------------------------ 429


def limited(seconds: int) -> Answer:
    return Answer(429, b"{}", {"Content-Type": "application/json", "Retry-After": str(seconds)})


def test_what_the_service_asks_one_process_to_wait_all_wait(user: Aeforge, fake: Fake) -> None:
    fake.submissions.says(limited(4))
    first = user.start("inpaint", "photo.png", "-p", "one")
    fake.wait_for_posts(1)
    refused_at = fake.posts()[0].at

    second = user("inpaint", "photo.png", "-p", "two")

    assert (first.finish().exit, second.exit) == (0, 0)
    assert [request.at - refused_at >= 4 for request in fake.api.requests[1:]] == [True] * (len(fake.api.requests) - 1)
    assert "the service asked another process of this account to wait (Retry-After)" in second.stderr


def test_a_wait_that_is_too_long_is_an_error_in_every_process(user: Aeforge, fake: Fake) -> None:
    fake.submissions.says(limited(100))
    command = ("inpaint", "photo.png", "-p", "blue sky", "--timeout", "3s", "--json")

    first, second = user(*command), user(*command)

    assert [run.ending for run in (first, second)] == [(7, "rate_limited")] * 2
    assert len(fake.api.requests) == 1


def test_another_account_does_not_wait(user: Aeforge, fake: Fake) -> None:
    fake.keys.add(NEW_KEY)
    fake.submissions.says(limited(100))
    user("inpaint", "photo.png", "-p", "one", "--timeout", "3s")

    run = user("inpaint", "photo.png", "-p", "two", "--timeout", "3s", env=ROTATED)

    assert run.exit == 0


def test_without_a_journal_each_process_waits_for_itself(user: Aeforge, fake: Fake, photo: Path) -> None:
    fake.submissions.says(limited(1))

    run = user("inpaint", "photo.png", "-p", "one", env={"AEFORGE_STATE_DIR": f"{photo}/state"})

    assert (run.exit, len(fake.posts())) == (0, 2)
