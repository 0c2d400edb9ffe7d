"""GitHub Actions: annotations on stderr, a table in the summary, outputs of the step; stdout as everywhere."""

from pathlib import Path

import pytest

from tests.conftest import Aeforge

JOB = "--prompt", "Change background to blue sky"


@pytest.fixture
def step(user: Aeforge) -> dict[str, str]:
    files = {name: user.home.root / name.lower() for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    return {"GITHUB_ACTIONS": "true", "CI": "true", **{name: str(path) for name, path in files.items()}}


def outputs(step: dict[str, str]) -> dict[str, list[str]]:
    """The step's outputs, read as the runner reads them."""
    found, lines = {}, iter(Path(step["GITHUB_OUTPUT"]).read_text().splitlines())
    for line in lines:
        name, _, mark = line.partition("<<")
        found[name] = list(iter(lambda: next(lines), mark))
    return found


def test_a_failure_is_also_an_annotation(user: Aeforge, step: dict[str, str]) -> None:
    run = user("inpaint", "100%, no.png", *JOB, env=step)

    assert (run.exit, run.stdout) == (2, "")
    assert run.stderr.splitlines()[0].startswith("::error title=aeforge%3A file_not_found::")
    assert "100%25, no.png" in run.stderr.splitlines()[0]


def test_with_json_the_error_object_is_still_the_last_line(user: Aeforge, step: dict[str, str]) -> None:
    run = user("inpaint", "none.png", *JOB, "--json", env=step)

    assert run.stderr.splitlines()[0].startswith("::error ")
    assert run.ending == (2, "file_not_found")


def test_elsewhere_there_are_no_annotations(user: Aeforge) -> None:
    assert "::error" not in user("inpaint", "none.png", *JOB).stderr


def test_a_failure_is_in_the_summary_as_text(user: Aeforge, step: dict[str, str]) -> None:
    user("inpaint", "<b>|`x`.png", *JOB, env=step)

    summary = Path(step["GITHUB_STEP_SUMMARY"]).read_text()
    assert "&lt;b&gt;\\|\\`x\\`.png" in summary
    assert "file\\_not\\_found" in summary


def test_results_are_a_table_in_the_summary_and_stdout_is_unchanged(
    user: Aeforge, step: dict[str, str], photo: Path
) -> None:
    run = user("inpaint", photo, *JOB, "-o", "sky.png", env=step)

    summary = Path(step["GITHUB_STEP_SUMMARY"]).read_text()
    assert (run.exit, run.stdout) == (0, "sky.png\n")
    assert summary.splitlines()[:4] == [
        "### aeforge",
        "",
        "| Input | Operation | Job | Result | Seconds |",
        "| --- | --- | --- | --- | --- |",
    ]
    assert "| inpaint |" in summary.splitlines()[4]


def test_the_step_gets_the_results_as_outputs(user: Aeforge, step: dict[str, str], photo: Path) -> None:
    run = user("inpaint", photo, *JOB, "-o", "sky.png", "--json", "--github-output", env=step)

    (row,) = run.rows
    told = {"job_id": [row["job_id"]], "files": ["sky.png"], "image_urls": row["image_urls"]}
    assert (run.exit, outputs(step)) == (0, told)


def test_without_the_option_the_step_gets_no_outputs(user: Aeforge, step: dict[str, str], photo: Path) -> None:
    user("inpaint", photo, *JOB, "-o", "sky.png", env=step)

    assert not Path(step["GITHUB_OUTPUT"]).exists()


def test_outputs_without_a_step_are_refused_before_anything_is_sent(user: Aeforge, photo: Path) -> None:
    run = user("inpaint", photo, *JOB, "--github-output", "--json")

    assert run.ending == (2, "usage")
    assert user("job", "list").stdout == ""


def test_a_summary_that_cannot_be_written_is_a_warning(user: Aeforge, step: dict[str, str]) -> None:
    run = user("inpaint", "none.png", *JOB, env={**step, "GITHUB_STEP_SUMMARY": "/nonexistent/summary"})

    assert run.exit == 2
    assert run.stderr.splitlines()[-1] == (
        "warning: GitHub's summary or output cannot be written: No such file or directory"
    )


def test_a_file_name_is_no_command_to_the_runner(user: Aeforge, step: dict[str, str], photo: Path) -> None:
    (user.home.work / "::add-mask::a").write_text("")

    run = user("inpaint", "::add-mask::a", photo, *JOB, env=step)

    assert [line for line in run.stderr.splitlines() if line.startswith("::") and not line.startswith("::error ")] == []


@pytest.mark.parametrize("name", ["::add-mask::sky.png", "##[add-mask]sky.png"])
@pytest.mark.parametrize("options", [(), ("--json",), ("--verbose",)], ids=repr)
def test_a_result_is_no_command_to_the_runner(
    user: Aeforge, step: dict[str, str], photo: Path, name: str, options: tuple[str, ...]
) -> None:
    run = user("inpaint", photo, *JOB, *options, "-o", name, env=step)

    said = (run.stdout + run.stderr).splitlines()
    assert (run.exit, (user.home.work / name).exists()) == (0, True)
    assert [line for line in said if line.lstrip().startswith("::") or "##[" in line] == []
