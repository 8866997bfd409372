"""Whether what has the shape of a secret can be one: random enough, and nobody's placeholder."""

import re
from base64 import b64decode
from binascii import Error
from collections import Counter
from math import log2

# Shannon's measure over the value's own characters, in bits for each of them.
RANDOM_BITS, ASSIGNED_BITS = 2.5, 2.75
# Shorter than this a value must not look like a name with a number in it: Uint8Array, getKeyV2.
_NAME_CHARS = 24
_PLACEHOLDER = re.compile(
    rb"(?i)example|placeholder|redacted|change[_-]?me|dummy|sample|your|xxxx|\*\*\*|\.\.\.|<|>|password|fake"
    rb"|0123456789|123456789|abcdefgh|00000000|s3cret|sekret"
)
_UUID = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# What stands for a value in programs and settings: names, paths, versions, dates, calls.
_CODE = re.compile(
    rb"[A-Za-z_]\w*(?:[.:-]{1,2}[A-Za-z_]\w*)+|[A-Z0-9_]+|[\w.-]*/[\w./-]*\.\w{1,5}|[~.]{0,2}/[\w./-]*|v?[0-9.:-]+"
    rb"|[a-z]+(?:[_-][a-z0-9]{1,12})+|(?:https?|file)[:/].*"
)
_NUMBERS = re.compile(rb"[0-9]+")
_MARKS = re.compile(rb"[^A-Za-z0-9]")


def is_random(value: bytes) -> bool:
    """Whether a value of a known shape is no placeholder."""
    return bits_per_character(value) >= RANDOM_BITS and not _PLACEHOLDER.search(value)


def is_password(value: bytes) -> bool:
    """Whether what stands where a password belongs is one, and not a variable or a word for one."""
    return not _PLACEHOLDER.search(value) and not value.startswith((b"$", b"%", b"{")) and len(set(value)) > 3


def is_assigned_secret(value: bytes) -> bool:
    """Whether the value of something called a secret is one: letters and digits, mixed, and nothing with a meaning."""
    if _PLACEHOLDER.search(value) or _UUID.fullmatch(value) or _CODE.fullmatch(value):
        return False
    has_digit, has_letter = re.search(rb"[0-9]", value), re.search(rb"[A-Za-z]", value)
    if not (has_digit and has_letter) or bits_per_character(value) < ASSIGNED_BITS:
        return False
    return len(value) >= _NAME_CHARS or bool(_MARKS.search(value)) or len(_NUMBERS.findall(value)) > 1


def has_basic_login(value: bytes) -> bool:
    """Whether the value is a name and a password, as HTTP's basic scheme writes them."""
    try:
        name, colon, password = b64decode(value + b"=" * (-len(value) % 4)).partition(b":")
    except Error:
        return False
    return bool(name and colon) and len(password) > 3 and is_password(password)


def bits_per_character(value: bytes) -> float:
    """Shannon entropy of a value; 0 of an empty one."""
    counts, total = Counter(value), len(value)
    return -sum(n / total * log2(n / total) for n in counts.values())
