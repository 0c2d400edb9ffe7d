"""PgBouncer before the server of the tests."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator

import psycopg
import pytest

from tests.journal.cluster import Cluster, as_somebody, folder_of_somebody, free_port


@contextlib.contextmanager
def pool(cluster: Cluster, mode: str, size: int = 10) -> Iterator[str]:
    """The URL of the cluster by way of a pool of so many sessions."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("PgBouncer is not installed")
    port = free_port()
    with folder_of_somebody() as folder:
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\npostgres = host=127.0.0.1 port={cluster.port} user=tester\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
            f"pool_mode = {mode}\ndefault_pool_size = {size}\n"
        )
        settings.chmod(0o644)
        process = subprocess.Popen(as_somebody([program, "-q", str(settings)]), stderr=subprocess.DEVNULL)
        url = f"postgresql://tester@127.0.0.1:{port}/postgres"
        try:
            _wait_for(url)
            yield url
        finally:
            process.kill()
            process.wait()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, "PgBouncer does not answer"
            time.sleep(0.05)
        else:
            return
