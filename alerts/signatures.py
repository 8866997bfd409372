"""Standard Webhooks 1.0: how a receiver can tell that a message is ours, and that it has it already."""

import base64
import binascii
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

PREFIX = "whsec_"
SECRET_BYTES = 32
FEWEST_BYTES = 24


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """The key a secret stands for. Raises ValueError with a sentence for one that is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or len(key) < FEWEST_BYTES:
        raise ValueError(f"A secret is {PREFIX} and {FEWEST_BYTES} or more random bytes in base64.")
    return key


def signed_headers(message_id: str, at: datetime, body: bytes, keys: Iterable[str]) -> dict[str, str]:
    """The three headers; one signature for each secret, so that a receiver can change from one to the next."""
    moment = str(int(at.timestamp()))
    content = b".".join((message_id.encode(), moment.encode(), body))
    signatures = [base64.b64encode(hmac.digest(key_of(key), content, sha256)).decode() for key in keys if key]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
