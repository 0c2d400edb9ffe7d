"""All that can go wrong, each with its exit code, its stable word and its hint.

exit  meaning                                   errors
----  ----------------------------------------  ---------------------------------------------------
   1  an answer that makes no sense, or a bug   UnexpectedAnswer, InternalError, JournalDamaged,
                                                    JournalBusy
   2  the request makes no sense                Usage, FileMissing, NotAnImage, Rejected, JobNotFound,
                                                ConfigInvalid
   3  the service tried and failed              JobFailed, ResultNotAnImage
   4  not allowed                               NotSignedIn, KeyRejected, AccountNotFound
   5  could not reach the service               Unreachable, ServiceError, ResultUnavailable,
                                                    JournalUnreachable
   6  several jobs, some done, some not         Partial, Blocked
   7  the account, or a limit, refuses          PaymentRequired, RateLimited, LimitReached, BudgetReached
   8  still running when the timeout expired    JobStillRunning
   9  cannot save                               OutputExists, CannotSave
  10  sent, but the answer was lost             SubmitUnknown, SentBefore
 128+ ended by a signal                         Interrupted
"""

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Exit(IntEnum):
    """The exit codes of the process; never renumbered."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    JOB_FAILED = 3
    NOT_ALLOWED = 4
    UNREACHABLE = 5
    PARTIAL = 6
    REFUSED = 7
    STILL_RUNNING = 8
    CANNOT_SAVE = 9
    SUBMIT_UNKNOWN = 10
    STDOUT_CLOSED = 141


class Failure(BaseException):
    """What happened, why, and what to do next; `cli.main` turns it into three lines and an exit code."""

    exit: ClassVar[Exit] = Exit.UNEXPECTED
    code: ClassVar[str] = "internal_error"
    retryable: ClassVar[bool] = False

    def __init__(
        self, message: str, *, why: str = "", hint: str = "", job_id: str | None = None, http_status: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.why = why
        self.hint = hint
        self.job_id = job_id
        self.http_status = http_status
        self.input: str | None = None
        self.index: int | None = None
        self.mistakes: Sequence[Mapping[str, object]] = ()  # all of them, where the message says the first

    @property
    def exit_status(self) -> int:
        return int(self.exit)

    def as_json(self) -> dict[str, object]:
        """The `error` object of the last line that `--json` writes to stderr."""
        about: dict[str, object] = {} if self.index is None else {"input": self.input, "index": self.index}
        return about | {
            "code": self.code,
            "message": f"{self.message}: {self.why}" if self.why else self.message,
            "hint": self.hint or None,
            "job_id": self.job_id,
            "http_status": self.http_status,
            "retryable": self.retryable,
            "exit": self.exit_status,
            **({"errors": list(self.mistakes)} if self.mistakes else {}),
        }


class AeforgeError(Failure, Exception):
    """Something went wrong where it is raised."""


class InternalError(AeforgeError):
    """A bug of ours, or a system that gives the process nothing to run with."""


class UnexpectedAnswer(AeforgeError):
    """The service answered something that fits no description of it."""

    code = "unexpected_answer"


class JournalDamaged(AeforgeError):
    """The journal cannot be read; it is set aside, never deleted."""

    code = "journal_damaged"


class JournalBusy(AeforgeError):
    """Another process keeps the journal to itself."""

    code = "journal_busy"
    retryable = True


class Usage(AeforgeError):
    exit = Exit.USAGE
    code = "usage"


class ConfigInvalid(Usage):
    code = "config_invalid"


class FileMissing(Usage):
    code = "file_not_found"


class NotAnImage(Usage):
    code = "not_an_image"


class Rejected(Usage):
    """The service said 400, 413, 415 or 422: sending the same again will not help."""

    code = "rejected"


class JobNotFound(Usage):
    """`is_certain` if the service has said so often and for long enough that the job counts as lost."""

    code = "job_not_found"
    is_certain = False


class JobFailed(AeforgeError):
    exit = Exit.JOB_FAILED
    code = "job_failed"


class ResultNotAnImage(JobFailed):
    code = "result_not_an_image"


class NotSignedIn(AeforgeError):
    exit = Exit.NOT_ALLOWED
    code = "not_signed_in"


class KeyRejected(NotSignedIn):
    code = "key_rejected"


class AccountNotFound(NotSignedIn):
    code = "account_not_found"


class Unreachable(AeforgeError):
    exit = Exit.UNREACHABLE
    code = "unreachable"
    retryable = True


class ServiceError(Unreachable):
    code = "service_error"


class ResultUnavailable(Unreachable):
    code = "result_unavailable"

    @property
    def is_gone(self) -> bool:
        """Whether the host said that the result is not there, rather than nothing."""
        return self.http_status in (403, 404, 410)


class JournalUnreachable(AeforgeError):
    """The journal is at a server that cannot be reached or used: nothing is submitted without it.

    `may_return` says that it was in use, or may be, and that another try in a moment may find it.
    """

    may_return = False
    exit = Exit.UNREACHABLE
    code = "journal_unreachable"
    retryable = True


class Partial(AeforgeError):
    exit = Exit.PARTIAL
    code = "partial"


class Blocked(Partial):
    """A job was not submitted, because another whose result it needs did not succeed."""

    code = "blocked"


class RefusedByAccount(AeforgeError):
    exit = Exit.REFUSED
    code = "refused"


class PaymentRequired(RefusedByAccount):
    code = "payment_required"


class RateLimited(RefusedByAccount):
    code = "rate_limited"
    retryable = True


class LimitReached(RefusedByAccount):
    """A limit that the user set."""

    code = "limit_reached"


class BudgetReached(LimitReached):
    """A budget is spent until `resets_at`: what costs nothing can still be done; `budget` is as the user wrote it."""

    def __init__(self, message: str, *, why: str = "", hint: str = "", budget: str = "", resets_at: str = "") -> None:
        super().__init__(message, why=why, hint=hint)
        self.budget = budget
        self.resets_at = resets_at


class JobStillRunning(AeforgeError):
    exit = Exit.STILL_RUNNING
    code = "still_running"
    retryable = True


class CannotSave(AeforgeError):
    exit = Exit.CANNOT_SAVE
    code = "cannot_save"


class OutputExists(CannotSave):
    code = "output_exists"


class SubmitUnknown(AeforgeError):
    """The request was delivered, the answer was not: a job may exist and be billed."""

    exit = Exit.SUBMIT_UNKNOWN
    code = "submit_unknown"


class SentBefore(SubmitUnknown):
    """An earlier run of the same job ended so; nothing was sent now."""


class Interrupted(Failure):
    """A signal asked the process to end.

    It may arrive anywhere, in foreign code too, and so is no `Exception`: `threading.Thread.start` for one would take
    it for a failure of its own, and what judges many things one by one would go on with the next.
    """

    code = "interrupted"

    def __init__(
        self, signal_number: int, message: str = "Interrupted", *, hint: str = "", job_id: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, job_id=job_id)
        self.signal_number = signal_number

    @property
    def exit_status(self) -> int:
        return 128 + self.signal_number


class ClosedStdoutError(Exception):
    """Nobody reads standard output any more: the process ends silently, with 141."""


class Invocation:
    """The options of the command that was given which a command in a hint must repeat to work when it is pasted."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begins anew, for another command in the same process."""
        self.account: tuple[str, ...] = ()  # --profile, --base-url, --sandbox
        self.output: tuple[str, ...] = ()  # -o, --overwrite, --skip-existing
        self.is_list = False  # whether --new would submit other jobs again as well
        self.new_key = "aeforge auth login"  # what to do where the key is refused
        self.keys_at = ""  # a clause on where keys are issued


invocation = Invocation()  # one for the process: a hint may be built anywhere


def command(words: str, *, saves: bool = False) -> str:
    """A command for a hint; one that `saves` results repeats where they were wanted."""
    return _command(words, invocation.output if saves else ())


def resume_command(job_id: str) -> str:
    """The command that resumes a job, for hints."""
    return command(f"job wait {job_id}", saves=True)


def fetch_again(job_id: str, output: str | None = None) -> str:
    """The command that fetches the results of a job, to `output` rather than to where the whole command saves."""
    if output is None:
        return resume_command(job_id) if invocation.output else _command(f"job wait {job_id}", ("-o", "FILE"))
    return _command(f"job wait {job_id}", ("-o", output, *invocation.output[2:]))


def submit_anyway() -> str:
    """What to do about a job that may exist: nothing may be paid for twice on a hint's advice, nor another job."""
    return f"check the service's dashboard; to submit it again anyway, {_anew()}"


def or_submit_anew(hint: str) -> str:
    """What to do about a paid result that may not come back."""
    return f"{hint}; to submit it again instead, {_anew()}"


def _anew() -> str:
    return "name it alone with --new" if invocation.is_list else "add --new to the command"


def followed_by(hint: str, next_command: str) -> str:
    """A hint and the command that comes after it; two commands are one line that a shell takes."""
    if not hint or next_command in hint:
        return hint or next_command
    return f"{hint} && {next_command}" if hint.startswith("aeforge ") else f"{hint}; then {next_command}"


def _command(words: str, options: "Sequence[str]") -> str:
    import shlex

    return " ".join(["aeforge", words, *map(shlex.quote, [*options, *invocation.account])])
