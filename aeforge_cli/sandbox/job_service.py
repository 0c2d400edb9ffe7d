"""Jobs as the API sees them: taken in whole, and answered with how they stand.

The states and what each answer holds are those of the service's public API reference.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from aeforge_cli.sandbox.store import Job, JobId

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aeforge_cli.sandbox.store import Ended, JobStore


class NotAPicture(Exception):
    """A file of the form is none that can be worked."""


@dataclass(frozen=True)
class JobService:
    """`enqueue` gets each job that was stored; `will_fail` draws whether the next one fails on purpose."""

    store: JobStore
    enqueue: Callable[[Job], None]
    will_fail: Callable[[], bool]
    image_url: Callable[[str], str]
    log: Callable[[str], None]

    async def accept(
        self, operation: str, fields: Mapping[str, object], pictures: Mapping[str, Sequence[BinaryIO]]
    ) -> JobId:
        """Stores a job and lets it be worked. Raises NotAPicture, or OSError of a full disk: then there is no job."""
        uploads = {f"{field}-{n}": file for field, files in pictures.items() for n, file in enumerate(files)}
        names = {field: [f"{field}-{n}" for n in range(len(files))] for field, files in pictures.items()}
        job = Job(JobId(str(uuid.uuid4())), operation, fields, names, time.time(), self.will_fail())
        await asyncio.to_thread(self._store, job, uploads)
        self.log(f"job {job.job_id} made: {operation} {json.dumps(fields, ensure_ascii=False)}")
        self.enqueue(job)
        return job.job_id

    def is_known(self, job_id: JobId) -> bool:
        return self.store.is_known(job_id)

    def ended(self, job_id: JobId) -> Ended | None:
        """How a known job ended; None while it is pending."""
        return self.store.report(job_id)

    def _store(self, job: Job, uploads: Mapping[str, BinaryIO]) -> None:
        from aeforge_cli.sandbox.workers.renderers import media_type

        for upload in uploads.values():
            if media_type(upload) is None:
                raise NotAPicture
            upload.seek(0)
        self.store.add(job, uploads.items())
