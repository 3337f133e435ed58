"""Plain words for every code that the tables carry: one vocabulary for summary, pages, alerts and evidence."""

WORDS: dict[str, str] = {}
"""Code to the words a controller would use for it."""


def in_words(code: str | None) -> str:
    """The code in words; a code without an entry reads with spaces, nothing where there is none."""
    if code is None:
        return ""
    return WORDS.get(code, code.replace("_", " "))
