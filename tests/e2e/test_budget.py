"""Budgets, prices and usage: what may be spent is counted before anything is sent, in all processes together."""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import Aeforge, Home, png
from tests.faults.fake import Fake, told_as_json
from tests.faults.origin import slowly

pytestmark = pytest.mark.usefixtures("photo")

PRICES = """
[profiles.default.prices]
unit = "credits"
inpaint.standard = 1
inpaint.pro = 2.5
"""


def buy(user: Aeforge, prompt: str, *options: str, **env: str) -> str:
    """A purchase; `` or the word of what forbade it."""
    run = user("inpaint", "photo.png", "-p", prompt, "--json", *options, env=env)
    return "" if run.exit == 0 else f"{run.error['code']} {run.exit}"


@pytest.fixture
def photos(home: Home) -> list[str]:
    (home.work / "photos").mkdir()
    for number in range(5):
        (home.work / "photos" / f"{number}.png").write_bytes(png(number + 1))
    return [f"photos/{number}.png" for number in range(5)]


def set_prices(home: Home, text: str = PRICES) -> None:
    path = home.config / "config.toml"
    path.touch(mode=0o600)
    path.write_text(text)


# ------------------------------------------------------------------ single commands


def test_a_spent_budget_refuses_before_anything_is_sent(user: Aeforge, fake: Fake) -> None:
    user("config", "set", "budget", "2/day")
    bought = [buy(user, prompt) for prompt in ("one", "two")]

    run = user("inpaint", "photo.png", "-p", "three")

    assert (bought, run.exit, run.stdout, len(fake.posts())) == (["", ""], 7, "", 2)
    assert run.stderr.splitlines()[:2] == [
        "error: budget 2/day reached; nothing was submitted",
        "why:   2 jobs submitted; resets at 00:00 UTC",
    ]


@pytest.mark.parametrize("period", ["week", "month"])
def test_a_longer_budget_names_the_day_when_it_resets(user: Aeforge, period: str) -> None:
    run = user("inpaint", "photo.png", "-p", "x", "--budget", f"0/{period}")

    today = datetime.now(UTC).date()
    week = today + timedelta(days=7 - today.weekday())
    month = (today.replace(day=1) + timedelta(days=31)).replace(day=1)
    assert f"resets at {week if period == 'week' else month} 00:00 UTC" in run.stderr


def test_the_smallest_budget_wins_wherever_it_is_set(user: Aeforge, fake: Fake) -> None:
    user("config", "set", "budget", "2/day")
    variable = {"AEFORGE_BUDGET": "1/day"}
    limit = "limit_reached 7"

    assert buy(user, "one", "--budget", "100/day", AEFORGE_BUDGET="50/month") == ""
    assert buy(user, "two", "--budget", "100/day", **variable) == limit
    assert buy(user, "two", "--budget", "1/week", AEFORGE_BUDGET="100/day") == limit
    assert buy(user, "two") == ""
    assert buy(user, "three", "--budget", "100/day", AEFORGE_BUDGET="100/day") == limit
    assert len(fake.posts()) == 2


def test_what_was_refused_or_never_sent_is_not_counted_and_what_is_unknown_is(user: Aeforge, fake: Fake) -> None:
    user("config", "set", "budget", "1/day")
    fake.submissions.says(told_as_json({"detail": "no"}, status=400), told_as_json({}, status=500))

    assert [buy(user, prompt) for prompt in ("refused", "unknown", "next")] == [
        "rejected 2",
        "submit_unknown 10",
        "limit_reached 7",
    ]


def test_what_is_resumed_or_fetched_costs_no_budget(user: Aeforge, fake: Fake) -> None:
    fake.pending = 10_000
    buy(user, "one", "-o", "one.png", "--timeout", "1s")
    fake.finish()
    user("config", "set", "budget", "1/day")

    resumed = buy(user, "one", "-o", "one.png")
    fetched = buy(user, "one", "-o", "elsewhere.png", "--resume")

    assert (resumed, fetched, buy(user, "two"), len(fake.posts())) == ("", "", "limit_reached 7", 1)


def test_the_sandbox_costs_no_budget_and_is_not_in_the_usage(user: Aeforge, photo: Path) -> None:
    user("config", "set", "budget", "0/day")

    assert user("upscale", "photo.png", "--sandbox", "-o", "x.png").exit == 0
    assert user("usage", "--json").rows == []


def test_without_a_journal_nothing_is_bought_under_a_budget(user: Aeforge, fake: Fake, photo: Path) -> None:
    nowhere = f"{photo}/state"

    assert buy(user, "one", "--budget", "5/day", AEFORGE_STATE_DIR=nowhere) == "cannot_save 9"
    assert fake.posts() == []
    assert buy(user, "one", AEFORGE_STATE_DIR=nowhere) == ""


def test_any_call_of_the_api_counts(user: Aeforge, fake: Fake) -> None:
    user("config", "set", "budget", "1/day")
    call = ("api", "POST", "image-tune/upscale", "-F", "image=@photo.png", "-F")

    assert user(*call, "scale=2K").exit == 0
    assert (user(*call, "scale=4K").exit, len(fake.posts())) == (7, 1)


# ------------------------------------------------------------------ processes and lists


def test_processes_together_buy_exactly_what_is_allowed(user: Aeforge, fake: Fake, photos: list[str]) -> None:
    user("config", "set", "budget", "7/day")
    fake.submissions.always(slowly(0.05))
    shared = ("-o", "out/", "-j", "4", "--yes")

    running = [user.start("inpaint", *photos, "-p", f"number {number}", *shared) for number in range(3)]
    running += [user.start("inpaint", "photo.png", "-p", f"single {number}") for number in range(3)]
    ends = [each.finish(within=100).exit for each in running]

    assert len(fake.charged) == 7
    assert set(ends) <= {0, 6, 7}


def test_a_list_finishes_what_runs_and_says_what_was_not_tried(user: Aeforge, fake: Fake, photos: list[str]) -> None:
    user("config", "set", "budget", "2/day")

    run = user("inpaint", *photos, "-p", "x", "-o", "out/", "-j", "2")

    assert (run.exit, sorted(run.stdout.split()), len(fake.posts())) == (6, ["out/0.png", "out/1.png"], 2)
    told = next(line for line in run.stderr.splitlines() if "not tried" in line)
    assert "2 done; budget 2/day reached; 3 not tried; resets at 00:00 UTC; 2 submitted; " in told
    assert run.stderr.splitlines()[-3:-1] == [
        "error: 3 of 5 jobs did not succeed",
        "why:   budget 2/day reached: 2 jobs submitted; resets at 00:00 UTC",
    ]
    assert run.stderr.splitlines()[-1].endswith("-o out/ -j 2 --resume")


def test_a_list_that_cannot_buy_anything_fails_as_one_job_does(user: Aeforge, fake: Fake, photos: list[str]) -> None:
    run = user("inpaint", *photos, "-p", "x", "--budget", "0/day", "--json")

    assert (run.ending, run.stdout, fake.posts()) == ((7, "limit_reached"), "", [])
    assert "0 done; budget 0/day reached; 5 not tried; resets at 00:00 UTC; 0 submitted" in run.stderr


def test_what_was_paid_for_is_delivered_although_the_budget_is_spent(
    user: Aeforge, fake: Fake, photos: list[str], home: Home
) -> None:
    user("inpaint", *photos[3:], "-p", "x", "-o", "out/")
    (home.work / "out" / "4.png").unlink()

    run = user("inpaint", *photos, "-p", "x", "-o", "out/", "--resume", "--budget", "2/day", "-j", "1")

    assert sorted(run.stdout.split()) == ["out/3.png", "out/4.png"]
    assert "2 done; budget 2/day reached; 3 not tried; resets at 00:00 UTC; 1 kept, 1 fetched; " in run.stderr
    assert (run.exit, len(fake.posts())) == (6, 2)


# ------------------------------------------------------------------ prices


def test_a_budget_in_credits_counts_the_users_own_prices(user: Aeforge, fake: Fake, home: Home) -> None:
    set_prices(home)
    user("config", "set", "budget", "4 credits/day")

    assert buy(user, "one", "-q", "pro") == ""
    assert buy(user, "two", "-q", "pro") == "limit_reached 7"
    assert buy(user, "three") == ""
    refused = user("inpaint", "photo.png", "-p", "four")
    assert "why:   3.5 credits spent; resets at 00:00 UTC" in refused.stderr
    assert len(fake.posts()) == 2


def test_work_without_a_price_is_refused_under_a_budget_in_credits(user: Aeforge, fake: Fake, home: Home) -> None:
    set_prices(home)
    user("config", "set", "budget", "40 credits/day")
    call = ("api", "POST", "image-tune/upscale", "-F", "image=@photo.png")

    upscaled, called = user("upscale", "photo.png", "--json"), user(*call, "--json")

    assert (upscaled.ending, called.ending, fake.posts()) == ((2, "usage"), (2, "usage"), [])
    assert "There is no price for upscale" in upscaled.error["message"]


def test_a_call_of_the_api_costs_what_it_asks_for(user: Aeforge, home: Home) -> None:
    set_prices(home)

    user("api", "POST", "image-tune/inpaint/v2", "-F", "image=@photo.png", "-F", "prompt=x", "-F", "quality=pro")

    assert [row["price"] for row in user("usage", "--json").rows] == [2.5]


def test_a_dry_run_says_jobs_price_and_what_is_left(user: Aeforge, fake: Fake, home: Home, photos: list[str]) -> None:
    set_prices(home)
    user("config", "set", "budget", "10 credits/day")
    buy(user, "one", "-q", "pro")

    run = user("inpaint", *photos, "-p", "x", "--dry-run", "--budget", "8/week")

    assert run.stderr.splitlines()[-1] == "5 to buy; 5 credits; budget 8/week: 7 left; budget 10 credits/day: 7.5 left"
    assert (run.exit, len(fake.posts())) == (0, 1)


def test_before_the_first_job_a_dry_run_says_that_all_of_the_budget_is_left_and_what_it_is_too_little_for(
    user: Aeforge, home: Home, photos: list[str]
) -> None:
    run = user("inpaint", *photos, "-p", "x", "--dry-run", "--budget", "3/day")

    assert run.stderr.splitlines()[-1] == "5 to buy; budget 3/day: 3 left; 2 will not be tried"
    assert list(home.state.glob("jobs.sqlite3*")) == []


# ------------------------------------------------------------------ the last hour


@pytest.fixture
def fifty(user: Aeforge, fake: Fake, home: Home) -> Aeforge:
    """The user, after a list of 50 jobs."""
    (home.work / "many").mkdir()
    for number in range(50):
        (home.work / "many" / f"{number}.png").write_bytes(png(number + 1))
    assert user("inpaint", "many", "-p", "x", "--no-wait", "-j", "16").exit == 0
    assert len(fake.posts()) == 50
    return user


def test_a_loop_of_single_commands_meets_the_rule_of_50_jobs(fifty: Aeforge, fake: Fake, home: Home) -> None:
    set_prices(home)

    run = fifty("inpaint", "photo.png", "-p", "one more")

    assert (run.exit, len(fake.posts())) == (2, 50)
    assert run.stderr.splitlines()[0] == (
        "error: 1 job would be submitted, after 50 in the last hour; 1 credit; there is no terminal to confirm on"
    )
    assert fifty("inpaint", "photo.png", "-p", "one more", "--yes").exit == 0


def test_a_person_is_asked_with_the_price_and_what_is_left(fifty: Aeforge, fake: Fake, home: Home) -> None:
    set_prices(home)
    terminal = fifty.terminal("inpaint", "photo.png", "-p", "more", "--budget", "60/day")

    terminal.shows("Submit 1 job, after 50 in the last hour; 1 credit; budget 60/day: 10 left?")
    terminal.types("n\n")

    assert (terminal.finish().exit, len(fake.posts())) == (7, 50)


def test_another_account_and_the_sandbox_are_not_asked_about_it(fifty: Aeforge, fake: Fake) -> None:
    fake.keys.add("sk-other-0123456789abcdef")

    assert fifty("inpaint", "photo.png", "-p", "x", env={"AEFORGE_API_KEY": "sk-other-0123456789abcdef"}).exit == 0
    assert fifty("upscale", "photo.png", "--sandbox").exit == 0


# ------------------------------------------------------------------ usage


def test_usage_counts_jobs_failures_and_prices_by_day(user: Aeforge, fake: Fake, home: Home) -> None:
    set_prices(home)
    buy(user, "one")
    buy(user, "two", "-q", "pro")
    fake.outcome = "Failed"
    buy(user, "three")
    fake.submissions.says(told_as_json({"detail": "no"}, status=400), told_as_json({}, status=500))
    buy(user, "refused")
    buy(user, "unknown")

    shown, told = user("usage"), user("usage", "--json")

    today = datetime.now(UTC).date().isoformat()
    assert [line.split() for line in shown.stdout.splitlines()] == [
        ["DAY", "JOBS", "FAILED", "UNKNOWN", "PRICE"],
        [today, "4", "1", "1", "5.5", "credits"],
        ["total", "4", "1", "1", "5.5", "credits"],
    ]
    assert max(map(len, shown.stdout.splitlines())) < 80
    assert told.rows == [
        {
            "schema": 1,
            "day": today,
            "jobs": 4,
            "failed": 1,
            "unknown": 1,
            "price": 5.5,
            "unit": "credits",
            "unpriced": 0,
        }
    ]


def test_usage_is_added_up_by_what_is_asked_for(user: Aeforge, home: Home) -> None:
    set_prices(home)
    buy(user, "one")
    buy(user, "two", "-q", "pro")
    user("upscale", "photo.png")

    by = {name: user("usage", "--by", name, "--format", "csv").stdout for name in ("operation", "quality", "profile")}

    found = {name: [tuple(row.values()) for row in csv.DictReader(text.splitlines())] for name, text in by.items()}
    assert found == {
        "operation": [("inpaint", "2", "0", "0", "3.5", "credits", "0"), ("upscale", "1", "0", "0", "", "", "1")],
        "quality": [
            ("-", "1", "0", "0", "", "", "1"),
            ("pro", "1", "0", "0", "2.5", "credits", "0"),
            ("standard", "1", "0", "0", "1", "credits", "0"),
        ],
        "profile": [("default", "3", "0", "0", "3.5", "credits", "1")],
    }


def test_without_prices_usage_has_no_column_for_them(user: Aeforge) -> None:
    buy(user, "one")

    assert user("usage").stdout.splitlines()[0].split() == ["DAY", "JOBS", "FAILED", "UNKNOWN"]


def test_prices_in_two_units_are_not_added(user: Aeforge, home: Home) -> None:
    set_prices(home)
    buy(user, "one")
    set_prices(home, PRICES.replace("credits", "EUR"))
    buy(user, "two")
    set_prices(home, "")
    buy(user, "three")

    rows = user("usage", "--json").rows
    total = [line.split()[1:] for line in user("usage").stdout.splitlines()[4:]]

    priced = [(row["jobs"], row["price"], row["unit"]) for row in rows]
    assert priced == [(1, 1, "EUR"), (1, 1, "credits"), (1, None, None)]
    assert total == [["1", "0", "0", "1", "EUR", "0"], ["1", "0", "0", "1", "credits", "0"], ["1", "0", "0", "-", "1"]]


TIMES = {
    "the last hour": (("--since", "1h"), 1),
    "up to an hour ago": (("--since", "1d", "--until", "1h"), 0),
    "today": (("--since", "today", "--until", "today"), 1),
    "up to another month, alone": (("--until", "2000-01-31"), 0),
    "up to today, alone": (("--until", "today"), 1),
    "another month": (("--since", "2000-01-01", "--until", "2000-01-31"), 0),
}


@pytest.mark.parametrize(("options", "jobs"), TIMES.values(), ids=TIMES)
def test_usage_of_a_time(user: Aeforge, options: tuple[str, ...], jobs: int) -> None:
    buy(user, "one")
    today = datetime.now(UTC).date().isoformat()

    run = user("usage", "--json", *(today if word == "today" else word for word in options))

    assert (run.exit, len(run.rows)) == (0, jobs)


SENSELESS = ("--since tomorrow", "--since 2026-02-01 --until 2026-01-01", "--by hour")


@pytest.mark.parametrize("options", SENSELESS)
def test_a_time_that_makes_no_sense_is_refused(user: Aeforge, options: str) -> None:
    assert user("usage", *options.split()).exit == 2


def test_an_empty_usage_is_no_error(user: Aeforge) -> None:
    run = user("usage")

    assert (run.exit, run.stdout, run.stderr) == (0, "", "no jobs were submitted in this period\n")


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        (("--since", "2999-01-01"), "--since is in the future"),
        (("--since", "2026-01-02", "--until", "2026-01-01"), "--until is before --since"),
    ],
    ids=["future", "order"],
)
def test_a_period_without_a_day_is_refused_by_what_is_wrong_with_it(
    user: Aeforge, dates: tuple[str, ...], message: str
) -> None:
    run = user("usage", *dates, "--json")

    assert (run.ending, run.error["message"]) == ((2, "usage"), message)
