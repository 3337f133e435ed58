"""Following a provider's pages to the end: by page token (reports) or by last id (directories).

Every request of one read repeats its parameters unchanged, because a token belongs to the exact query. A page that
says there is more without saying where is a broken contract, not an end.
"""

from collections.abc import Iterator

from orchestration.connectors.http import JsonApi, Parameters
from orchestration.connectors.payload import Record


def token_pages(api: JsonApi, stream: str, path: str, parameters: Parameters) -> Iterator[Record]:
    """Pages with ``has_more`` and ``next_page``, which goes into ``page``."""
    return _pages(api, stream, path, parameters, pointer="next_page", parameter="page")


def listed(api: JsonApi, stream: str, path: str, parameters: Parameters, *, parameter: str) -> Iterator[Record]:
    """The items of a directory's pages with ``has_more`` and ``last_id``, which goes into ``parameter``."""
    for page in _pages(api, stream, path, parameters, pointer="last_id", parameter=parameter):
        yield from page.parts("data")


def _pages(
    api: JsonApi, stream: str, path: str, parameters: Parameters, *, pointer: str, parameter: str
) -> Iterator[Record]:
    asked: Parameters = list(parameters)
    seen: set[str] = set()
    while True:
        page = Record(api.source, stream, api.get(path, asked))
        yield page
        if not page.flag("has_more"):
            return
        token = page.optional_text(pointer)
        if token is None:
            raise page.drift(f"has_more is true but {pointer} names no next page")
        if token in seen:
            raise page.drift(f"{pointer} leads back to a page already read")
        seen.add(token)
        asked = [*parameters, (parameter, token)]
