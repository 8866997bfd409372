"""Files of the program go out compressed to who can read that, whole to others; pages never do."""

import gzip

import pytest
from django.conf import settings
from django.test import Client

SHEET = f"{settings.STATIC_URL}css/tokens.css"
ON_DISK = (settings.BASE_DIR / "static/css/tokens.css").read_bytes()


@pytest.fixture
def here() -> Client:
    return Client(headers={"host": "localhost"})


def test_a_file_is_compressed_for_who_accepts_it(here: Client) -> None:
    for _ in range(2):
        packed = here.get(SHEET, headers={"Accept-Encoding": "br, gzip;q=0.8"})
        assert gzip.decompress(packed.content) == ON_DISK
        assert packed["Content-Encoding"] == "gzip"
        assert int(packed["Content-Length"]) == len(packed.content) < len(ON_DISK) / 2
        assert "immutable" in packed["Cache-Control"] and "Accept-Encoding" in packed["Vary"]


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "identity"])
def test_others_have_it_whole(here: Client, accepted: str) -> None:
    plain = here.get(SHEET, headers={"Accept-Encoding": accepted} if accepted else {})
    assert plain.getvalue() == ON_DISK and "Content-Encoding" not in plain
    assert "Accept-Encoding" in plain["Vary"]


def test_a_part_of_a_file_is_a_part_of_it_as_it_stands(here: Client) -> None:
    part = here.get(SHEET, headers={"Accept-Encoding": "gzip", "Range": "bytes=0-99"})
    assert part.status_code == 206 and part.getvalue() == ON_DISK[:100]


@pytest.mark.django_db
def test_pages_are_not_compressed(here: Client) -> None:
    assert "Content-Encoding" not in here.get("/tokens", headers={"Accept-Encoding": "gzip"})
