"""Interactive shells on a terminal, for pressing TAB in them; each writes its line to a file when asked with Ctrl-G."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.conftest import _ADOPT_TERMINAL, Home

COMPLETE_ALL = "\x1b*"
TELL = "\x07"
FORGET = "\x15"
PATIENCE = 20


class Shell(ABC):
    """One interactive shell with a completion script loaded; it sees `commands` and the system's commands.

    `under` is a command that runs the shell: strace.
    """

    command: Sequence[str]

    def __init__(self, home: Home, commands: Path, script: Path, under: Sequence[str] = ()) -> None:
        self._told = home.temporary / "line"
        path = f"{commands}:{os.defpath}:/usr/bin:/bin"
        environment = {**home.env, "PATH": path, "HISTFILE": "", "TERM": "dumb", "COLUMNS": "500"}
        self._screen, keyboard = pty.openpty()
        words = [*under, str(shutil.which(self.command[0])), *self.command[1:]]
        adopted = [sys.executable, "-SEc", _ADOPT_TERMINAL, str(shutil.which(words[0])), *words[1:]]
        self._process = subprocess.Popen(
            adopted,
            env=environment,
            cwd=home.work,
            stdin=keyboard,
            stdout=keyboard,
            stderr=keyboard,
            start_new_session=True,
        )
        os.close(keyboard)
        for line in (*self.preparation(script), f"echo ready >{self._told}"):
            self._type(f"{line}\n")
        assert self._answer() == "ready"

    @abstractmethod
    def preparation(self, script: Path) -> Sequence[str]:
        """Loads the script, and binds the keys."""

    @abstractmethod
    def offers(self, line: str) -> list[str]:
        """All that TAB could put at the end of the line."""

    def tab(self, line: str) -> str:
        """The line after one TAB."""
        return self._line_after(line + "\t")

    def _line_after(self, keys: str) -> str:
        self._type(FORGET + keys + TELL)
        return self._answer()

    def _type(self, keys: str) -> None:
        os.write(self._screen, keys.encode())

    def _answer(self) -> str:
        """What the shell writes to the file."""
        shown = self._read_until(lambda: self._told.exists() and self._told.read_text().endswith("\n"))
        if not self._told.exists():
            pytest.fail(f"the shell did not answer, but showed {shown!r}")
        text = self._told.read_text().rstrip("\n")
        self._told.unlink()
        return text

    def _read_until(self, is_enough: Callable[[], bool]) -> bytes:
        """Reads what the terminal shows, lest the shell waits for a reader."""
        deadline, shown = time.monotonic() + PATIENCE, b""
        while not is_enough() and time.monotonic() < deadline:
            if select.select([self._screen], [], [], 0.01)[0]:
                shown += os.read(self._screen, 65536)
        return shown

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._screen)


class Bash(Shell):
    command = ("bash", "--norc", "--noprofile", "-i")

    def preparation(self, script: Path) -> Sequence[str]:
        return (
            f"source '{script}'",
            "bind 'set bell-style none'; bind 'set enable-bracketed-paste off'",
            f'bind -x \'"\\C-g": printf "%s\\n" "$READLINE_LINE" >"{self._told}"\'',
        )

    def offers(self, line: str) -> list[str]:
        stem, _, _ = line.rpartition(" ")
        return self._line_after(line + COMPLETE_ALL).removeprefix(f"{stem} ").split()


class Zsh(Shell):
    command = ("zsh", "-f", "-i")

    def preparation(self, script: Path) -> Sequence[str]:
        return (
            "unsetopt beep; unset zle_bracketed_paste; bindkey -e",
            f"source '{script}'",
            f"tell() {{ print -r -- $BUFFER >'{self._told}' }}; zle -N tell; bindkey '^G' tell",
            "zle -C all-matches complete-word _generic; bindkey '^[*' all-matches",
            "zstyle ':completion:all-matches:*' insert true",
            "zstyle ':completion:all-matches::::' completer _all_matches _complete",
        )

    offers = Bash.offers


class Fish(Shell):
    command = ("fish", "--no-config", "-i")

    def preparation(self, script: Path) -> Sequence[str]:
        quiet = "function fish_prompt; end"  # its own prompt asks git at every line
        return (quiet, f"source '{script}'", f"bind \\cg 'commandline >{self._told}'")

    def offers(self, line: str) -> list[str]:
        quoted = line.replace("\\", "\\\\").replace("'", "\\'")
        self._type(f"{FORGET}begin; complete -C '{quoted}'; echo end; end >{self._told}\n")
        found = self._read_until(lambda: self._told.exists() and self._told.read_text().endswith("end\n"))
        *offered, end = self._answer().splitlines()
        assert end == "end", found
        return [offer.partition("\t")[0] for offer in offered]


SHELLS: dict[str, type[Shell]] = {"bash": Bash, "zsh": Zsh, "fish": Fish}
