"""How well something's name fits what was typed. Knows no database."""

from collections.abc import Sequence

WHOLE, BEGINS, BEGINS_A_WORD, INSIDE, BESIDE = 16.0, 8.0, 4.0, 2.0, 1.0


def words_of(typed: str) -> list[str]:
    """What was typed as words, in small letters."""
    return typed.casefold().split()


def fit(words: Sequence[str], name: str, beside: str = "") -> float | None:
    """The greater the better; None where a word occurs neither in the name nor in what is told beside it."""
    name, beside = name.casefold(), beside.casefold()
    scores = [_word_fit(word, name, beside) for word in words]
    if any(score is None for score in scores):
        return None
    whole = WHOLE if words and " ".join(words) == " ".join(name.split()) else 0.0
    return whole + sum(score or 0.0 for score in scores)


def _word_fit(word: str, name: str, beside: str) -> float | None:
    if name.startswith(word):
        return BEGINS
    place = name.find(word)
    while place >= 0:
        if not name[place - 1].isalnum():
            return BEGINS_A_WORD
        place = name.find(word, place + 1)
    if word in name:
        return INSIDE
    return BESIDE if word in beside else None
