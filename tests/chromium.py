"""A real Chromium for pages: it may say nothing on the console and ask for nothing beyond this machine."""

import shutil
from contextlib import contextmanager

import pytest

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip

PATIENCE = 180_000
"""Milliseconds that a page may take to do what a test waits for: no busy machine takes so long."""


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium")
    assert found, "Chromium is needed to open a page; leave these tests out with -m 'not browser'"
    with sync_playwright() as player:
        opened = player.chromium.launch(executable_path=found, args=FLAGS, timeout=PATIENCE)
        yield opened
        opened.close()


@pytest.fixture
def tabs(browser):
    """Give the function of `tabs_of` to one test."""
    with tabs_of(browser) as opened:
        yield opened


@contextmanager
def tabs_of(browser):
    """Give a function that opens an address in a fresh browser; nothing may be said or asked for but of its origin.

    expected  how messages begin that the console may give
    """
    heard, contexts = [], []

    def opened(address, origin, expected=None, **settings):
        contexts.append(browser.new_context(**settings))
        tab = contexts[-1].new_page()
        tab.set_default_timeout(PATIENCE)
        tab.on(
            "console",
            lambda message: None if expected and message.text.startswith(expected) else heard.append(message.text),
        )
        tab.on("pageerror", lambda error: heard.append(str(error)))
        own = (origin, "data:", "blob:")
        tab.on("request", lambda asked: None if asked.url.startswith(own) else heard.append(asked.url))
        tab.goto(address)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert heard == []
