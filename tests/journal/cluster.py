"""A PostgreSQL server of the tests' own, on a free port of this machine, gone with them."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "120",
    "shared_buffers": "16MB",
    "unix_socket_directories": "",
    "log_min_messages": "fatal",
    "max_wal_size": "64MB",
}
_FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}  # the journal turns the last on again


def programs() -> Path:
    """Where the server's programs are: Debian has them in a folder of their own for each version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    path = shutil.which("initdb") or (str(found[-1]) if found else None)
    if path is None:
        pytest.skip("PostgreSQL is not installed")
    return Path(path).parent


def as_somebody(command: Sequence[str]) -> list[str]:
    """The command as a user that is not root, as which PostgreSQL and PgBouncer refuse to run; it ends with us."""
    ending = ["setpriv", "--pdeathsig=QUIT"] if shutil.which("setpriv") else []
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        ending += [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return [*ending, *command]


@contextlib.contextmanager
def folder_of_somebody() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="aeforge-tests-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        yield folder


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Cluster:
    """A running server; its superuser is `tester`, who needs no password."""

    def __init__(self, folder: Path, **options: str) -> None:
        self._folder = folder / "data"
        self.port = free_port()
        self._options = _OPTIONS | options
        words = ("-U", "tester", "--auth=trust", "--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C")
        command = as_somebody([str(programs() / "initdb"), "-D", str(self._folder), *words])
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=60)
        self.start()

    def url(self, database: str = "postgres", user: str = "tester") -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        settings = [f"--{name}={value}" for name, value in {**self._options, "port": f"{self.port}"}.items()]
        # Not by pg_ctl, whose server would outlive a test run that is killed.
        command = as_somebody([str(programs() / "postgres"), "-D", str(self._folder), *settings])
        self._process = subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, "PostgreSQL does not start"
            assert time.monotonic() < deadline, "PostgreSQL does not answer"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url()).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """At once, as in a crash of the server."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def restart(self) -> None:
        self.stop()
        self.start()

    def allow(self, *lines: str) -> None:
        """Puts rules before those that let everybody in."""
        path = self._folder / "pg_hba.conf"
        path.write_text("".join(f"{line}\n" for line in lines) + path.read_text())
        self.run("SELECT pg_reload_conf()")

    def run(self, *statements: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """What the superuser finds with the last of the statements."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@contextlib.contextmanager
def running(*, fast: bool = True) -> Iterator[Cluster]:
    """`fast` is not durable: a crash of the machine would lose what was committed."""
    programs()
    with folder_of_somebody() as folder:
        cluster = Cluster(folder, **_FAST) if fast else Cluster(folder)
        try:
            yield cluster
        finally:
            cluster.stop()
