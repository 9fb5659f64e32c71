"""From the training process to the pages: the newest message of each kind, numbered; a page that is slow misses what is in between."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

KEPT_NOTICES = 20
PICTURES = ("frame", "rbm")


class Page:
    """One open page: what it has been sent."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}
        self.notices: deque[tuple[int, bytes]] = deque(maxlen=KEPT_NOTICES)
        self.news = asyncio.Event()


class Hub:
    """The newest message of each kind, and the pages that want them; to be used from the event loop alone.

    ``wanted`` is called when a page has taken the last picture: another one may be made.
    """

    def __init__(self, wanted: Callable[[], None]) -> None:
        self.wanted = wanted
        self.closed = False
        self._seq = 0
        self._latest: dict[str, tuple[int, bytes]] = {}
        self._pages: set[Page] = set()
        self._unheard: deque[tuple[int, bytes]] = deque(maxlen=KEPT_NOTICES)

    def number(self, text: bytes) -> tuple[int, bytes]:
        """A message, JSON as bytes, with its number put in."""
        self._seq += 1
        return self._seq, b'{"seq":%d,' % self._seq + text[1:]

    def publish(self, kind: str, text: bytes) -> None:
        """A message of ``kind`` for all pages; of notices none is left out, and those that nobody heard wait for the next page."""
        message = self.number(text)
        if kind == "notice":
            for queue in [page.notices for page in self._pages] or [self._unheard]:
                queue.append(message)
        else:
            self._latest[kind] = message
        for page in self._pages:
            page.news.set()

    def newest(self, kind: str) -> bytes | None:
        """The newest message of a kind."""
        return self._latest[kind][1] if kind in self._latest else None

    def join(self) -> Page:
        """A page opens."""
        page = Page()
        page.notices.extend(self._unheard)
        self._unheard.clear()
        page.news.set()
        self._pages.add(page)
        self.wanted()
        return page

    def leave(self, page: Page) -> None:
        """A page closes."""
        self._pages.discard(page)

    async def news(self, page: Page, patience: float) -> list[tuple[str, int, bytes]]:
        """(kind, number, JSON) of what ``page`` has not seen, in order; nothing after ``patience`` seconds, or when all is over."""
        try:
            await asyncio.wait_for(page.news.wait(), patience)
        except TimeoutError:
            return []
        page.news.clear()
        found = [(kind, seq, text) for kind, (seq, text) in self._latest.items() if page.seen.get(kind, 0) < seq]
        page.seen.update((kind, seq) for kind, seq, _ in found)
        while page.notices:
            found.append(("notice", *page.notices.popleft()))
        if any(kind in PICTURES for kind, _, _ in found):
            self.wanted()
        return sorted(found, key=lambda message: message[1])

    def close(self) -> None:
        """All is over: every page's stream ends."""
        self.closed = True
        for page in self._pages:
            page.news.set()
