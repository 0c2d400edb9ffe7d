"""Which authorities the service's certificate is judged by."""

from collections.abc import Mapping
from pathlib import Path

_MARK = b"-----BEGIN "  # RFC 7468 2


def ca_bundle_from(environment: Mapping[str, str]) -> str | None:
    """The user's own authorities: requests knows the first two variables, OpenSSL's users expect the third."""
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    return next((environment[name] for name in names if environment.get(name)), None)


def seems_usable(bundle: str) -> bool:
    """Whether certificates may be there: loading them takes four times as long as all else of a dry run."""
    path = Path(bundle)
    try:
        return path.is_dir() or (path.is_file() and _MARK in path.read_bytes())
    except (OSError, ValueError):
        return False
