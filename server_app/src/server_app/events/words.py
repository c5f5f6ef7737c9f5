"""The words by which people find events: those of the summary and of all that the details say. Pure."""

import re
from collections.abc import Iterable

MAX_READ = 8000
"""Characters of an event that are looked through for words; its details can have a quarter of a megabyte."""
MAX_KEPT = 2000
"""Characters of words that are kept of an event."""
WORD = re.compile(r"[^\W_]{1,100}")  # PostgreSQL has a bound; of what is longer, each piece is a word


def words_in(texts: Iterable[str]) -> str:
    """Each word once, in lower case and in their order, with a space between; the last one can be cut."""
    return " ".join(dict.fromkeys(WORD.findall(" ".join(texts)[:MAX_READ].lower())))[:MAX_KEPT].rstrip()


def all_words(several: Iterable[str]) -> str:
    """The words of several events, whichever comes first."""
    return " ".join(sorted({word for words in several for word in words.split()}))[:MAX_KEPT].rstrip()


def wanted_words(text: str) -> list[str]:
    """The words somebody looks for; each stands for all that begin with it."""
    return list(dict.fromkeys(WORD.findall(text.lower())))
