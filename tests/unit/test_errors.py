"""Every error has its place in the table of exit codes, and tells all it knows."""

import signal

import pytest

from aeforge_cli import errors
from aeforge_cli.errors import AeforgeError, Exit, Failure, Interrupted, KeyRejected, Usage, resume_command

EXITS = {
    "JournalDamaged": (1, "journal_damaged", False),
    "JournalBusy": (1, "journal_busy", True),
    "InternalError": (1, "internal_error", False),
    "UnexpectedAnswer": (1, "unexpected_answer", False),
    "Usage": (2, "usage", False),
    "ConfigInvalid": (2, "config_invalid", False),
    "FileMissing": (2, "file_not_found", False),
    "NotAnImage": (2, "not_an_image", False),
    "Rejected": (2, "rejected", False),
    "JobNotFound": (2, "job_not_found", False),
    "JobFailed": (3, "job_failed", False),
    "ResultNotAnImage": (3, "result_not_an_image", False),
    "NotSignedIn": (4, "not_signed_in", False),
    "KeyRejected": (4, "key_rejected", False),
    "AccountNotFound": (4, "account_not_found", False),
    "Unreachable": (5, "unreachable", True),
    "ServiceError": (5, "service_error", True),
    "ResultUnavailable": (5, "result_unavailable", True),
    "JournalUnreachable": (5, "journal_unreachable", True),
    "Partial": (6, "partial", False),
    "Blocked": (6, "blocked", False),
    "RefusedByAccount": (7, "refused", False),
    "PaymentRequired": (7, "payment_required", False),
    "RateLimited": (7, "rate_limited", True),
    "LimitReached": (7, "limit_reached", False),
    "BudgetReached": (7, "limit_reached", False),
    "JobStillRunning": (8, "still_running", True),
    "CannotSave": (9, "cannot_save", False),
    "OutputExists": (9, "output_exists", False),
    "SubmitUnknown": (10, "submit_unknown", False),
    "SentBefore": (10, "submit_unknown", False),
}


def test_exit_codes_and_words_never_change() -> None:
    public = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type)}
    found = {
        name: (kind("x").exit_status, kind.code, kind.retryable)
        for name, kind in public.items()
        if issubclass(kind, Failure) and kind not in (Failure, AeforgeError, Interrupted)
    }

    assert found == EXITS


def test_each_error_stands_beside_its_exit_code_in_the_table() -> None:
    rows = (errors.__doc__ or "").splitlines()

    named = {name for row in rows for name in row.replace(",", " ").split()}

    assert set(EXITS) - named == {"RefusedByAccount"}  # what its kinds have in common; never raised itself


def test_a_lost_answer_is_never_called_worth_trying_again() -> None:
    assert not errors.SubmitUnknown.retryable


def test_as_json_an_error_leaves_no_field_out() -> None:
    bare = Usage("The prompt is empty")
    full = KeyRejected("No", why="HTTP 401", hint="aeforge auth login", job_id="abc", http_status=401)

    assert bare.as_json() == {
        "code": "usage",
        "message": "The prompt is empty",
        "hint": None,
        "job_id": None,
        "http_status": None,
        "retryable": False,
        "exit": 2,
    }
    assert full.as_json() == {
        "code": "key_rejected",
        "message": "No: HTTP 401",
        "hint": "aeforge auth login",
        "job_id": "abc",
        "http_status": 401,
        "retryable": False,
        "exit": 4,
    }


@pytest.mark.parametrize(
    ("number", "exit_status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
def test_a_signal_ends_as_a_shell_expects(number: int, exit_status: int) -> None:
    error = Interrupted(number, hint=resume_command("abc"), job_id="abc")

    assert (error.exit_status, error.code, error.hint) == (exit_status, "interrupted", "aeforge job wait abc")


def test_a_closed_stdout_ends_as_a_shell_expects() -> None:
    assert Exit.STDOUT_CLOSED == 128 + 13
