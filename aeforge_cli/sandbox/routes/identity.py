"""What the sandbox says of itself, and the proof that it is one which this machine's user started.

GET /sandbox                what it is, without a key
GET /sandbox/proof?nonce=   HMAC-SHA-256 over its base URL and the nonce, keyed with the secret of its file in the state
                            folder: who cannot read that file cannot answer, and no answer gives the secret away
"""

# No `from __future__ import annotations`: FastAPI reads the annotations.
import hashlib
import hmac
import os
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query

NONCE = "^[0-9a-f]{64}$"


def identity(about: Callable[[], dict[str, object]], *, secret: str, base_url: str) -> APIRouter:
    router = APIRouter(prefix="/sandbox", include_in_schema=False)

    @router.get("")
    def sandbox() -> dict[str, object]:
        return {"sandbox": True, **about(), "pid": os.getpid()}

    @router.get("/proof")
    def prove(nonce: Annotated[str, Query(pattern=NONCE)]) -> dict[str, str]:
        if not secret:
            raise HTTPException(404, "This sandbox has no file in a state folder")
        return {"proof": proof(secret, base_url, nonce)}

    return router


def proof(secret: str, base_url: str, nonce: str) -> str:
    message = f"aeforge sandbox\n{base_url}\n{nonce}"
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()
