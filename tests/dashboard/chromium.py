"""A headless Chromium as the tests use it: without a network, and with everything that it complains of remembered."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

COMMANDS = ("chromium", "chromium-browser", "google-chrome")
ALONE = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync")
DESK, PHONE = 1280, 390


@dataclass
class Tab:
    """An open page. ``faults``: what stands in its console, and requests that failed; ``outside``: requests to anywhere but
    the disk.
    """

    page: Page
    faults: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def open(self, file: Path, address: str = "") -> Page:
        self.page.goto("about:blank")
        self.page.goto(file.resolve().as_uri() + address)
        return self.page


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of this machine; the test is skipped where there is none."""
    command = next(filter(None, map(shutil.which, COMMANDS)), None)
    with sync_playwright() as started:
        try:
            browser = started.chromium.launch(executable_path=command, args=list(ALONE))
        except Error:
            pytest.skip("no chromium on this machine; install one, or run: playwright install chromium")
        with browser:
            yield browser


@contextmanager
def tab(
    browser: Browser, width: int = DESK, scheme: Literal["light", "dark"] = "light", **options: bool
) -> Iterator[Tab]:
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True, **options
    )
    with context:
        opened = Tab(context.new_page())
        opened.page.on("console", lambda said: opened.faults.append(said.text) if said.type == "error" else None)
        opened.page.on("pageerror", lambda error: opened.faults.append(str(error)))
        opened.page.on("requestfailed", lambda asked: opened.faults.append(f"{asked.url}: {asked.failure}"))
        opened.page.on("request", lambda asked: _remember(asked.url, opened.outside))
        yield opened


def _remember(url: str, outside: list[str]) -> None:
    if not url.startswith(("file:", "data:", "blob:", "about:")):
        outside.append(url)
