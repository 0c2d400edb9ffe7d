"""What a process asks of the kernel, read from strace, and how strace makes the kernel refuse or kill."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Call:
    """One system call: the thread that made it, its name, and its whole line."""

    thread: int
    name: str
    text: str


def calls(log: Path) -> list[Call]:
    """The calls of a log written by `strace -f -o`, in order."""
    found = (re.match(r"(\d+) +(\w+)\(", line) for line in log.read_text(errors="replace").splitlines())
    return [Call(int(match[1]), match[2], match.string) for match in found if match]


def failing(strace: str, call: tuple[str, int | str], error: str, *, also: str = "") -> tuple[str, ...]:
    """A command that runs another, whose N-th call of one name fails, and every call of `also`."""
    name, when = call
    more = ("-e", f"inject={also}:error={error}") if also else ()
    traced = f"trace={name},{also}" if also else f"trace={name}"
    quick = (strace, "-f", "--seccomp-bpf", "-o", "/dev/null")  # only the traced calls stop the process
    return (*quick, "-e", traced, "-e", f"inject={name}:error={error}:when={when}", *more)


def killing(strace: str, call: tuple[str, int]) -> tuple[str, ...]:
    """A command that runs another, and kills it at its N-th call of one name."""
    name, when = call
    # Not with --seccomp-bpf, which lets the call through unharmed (strace 6.1).
    return (strace, "-f", "-o", "/dev/null", "-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={when}")


def tracing(strace: str, names: Sequence[str], log: Path) -> tuple[str, ...]:
    """A command that runs another, and writes its calls of these names, with the paths of their files."""
    return (strace, "-f", "--seccomp-bpf", "-y", "-e", f"trace={','.join(names)}", "-o", str(log))
