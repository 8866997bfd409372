"""The same facts from the same transcripts, however they are read."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from analytics import rollups
from sessions import ingest, refresh
from sessions.portions import Portions
from sessions.tests import samples as s
from tasks import linking
from telemetry_site.pipeline import rebuild_all
from telemetry_site.tests.corpora import Corpus, corpora, cuts, read_at_once, reading, set_order
from telemetry_site.tests.length import times

pytestmark = pytest.mark.django_db

few = settings(
    # No shrinking: it would read hundreds of corpora, and the failing one is small enough to be read.
    phases=[Phase.explicit, Phase.generate],
    max_examples=times(12, long=100, postgres=6),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@few
@given(st.data())
def test_any_order_of_files(data: Any) -> None:
    corpus = data.draw(corpora())
    once = read_at_once(corpus)
    order = data.draw(st.permutations(list(corpus)))
    with reading(corpus) as found:
        set_order(found.root, order)
        found.sync()
        assert found.outcome() == once
    with reading() as found:
        for relative in order:
            s.append(found.root, relative, corpus[relative])
            found.sync()
        assert found.outcome() == once


@few
@given(st.data())
def test_any_split_into_appends(data: Any) -> None:
    corpus = data.draw(corpora())
    once = read_at_once(corpus, later=True)
    with reading() as found:
        for relative, piece in data.draw(cuts(corpus)):
            s.append(found.root, relative, piece)
            found.sync(later=data.draw(st.booleans()))
        found.sync(later=True)
        assert found.outcome() == once


@few
@given(corpora(), st.sampled_from([1, 2, 3]))
def test_any_size_of_transactions(corpus: Corpus, size: int) -> None:
    once = read_at_once(corpus)
    with pytest.MonkeyPatch.context() as patch, reading(corpus) as found:
        for module in (ingest, refresh, linking, rollups):
            patch.setattr(module, "_PORTIONS", Portions(most=size))
        found.sync()
        assert found.outcome() == once


@few
@given(corpora())
def test_touching_and_renaming_change_nothing(corpus: Corpus) -> None:
    once = read_at_once(corpus)
    with reading(corpus) as found:
        found.sync()
        for path in (found.root / "projects").rglob("*.*"):
            os.utime(path)
        found.sync()
        assert found.outcome() == once
        (found.root / "projects" / s.FOLDER).rename(found.root / "projects" / "-elsewhere")
        found.sync()
        assert found.outcome() == once


@few
@given(corpora())
def test_rebuilding_without_any_source(corpus: Corpus) -> None:
    once = read_at_once(corpus)
    with reading(corpus) as found:
        found.sync()
        found.delete_all()
        found.sync()
        assert found.outcome() == once
        rebuild_all()
        assert found.outcome() == once
