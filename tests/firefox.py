"""Debian's Firefox, driven as its own makers do: by Marionette, JSON on a socket."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

from served import until

PATIENCE = 300
"""Seconds that the browser may take to answer: no busy machine takes so long."""
PREFERENCES = {
    "marionette.port": 0,  # a free one
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.normandy.enabled": False,
    "browser.newtabpage.enabled": False,
}
SAID = """
return Services.console.getMessageArray().map((one) => one instanceof Ci.nsIScriptError
    ? `${one.sourceName}: ${one.errorMessage}` : String(one.message));
"""


class Firefox:
    """One window of a Firefox that runs."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.stream = self.socket.makefile("rb")
        self.read()  # it says who it is
        self.asked = 0
        self.do("WebDriver:NewSession", capabilities={"alwaysMatch": {"timeouts": {"script": 1000 * PATIENCE}}})

    def read(self):
        length = b""
        while (byte := self.stream.read(1)) != b":":
            assert byte, "Firefox ended"
            length += byte
        return json.loads(self.stream.read(int(length)))

    def do(self, command, **words):
        """Give the answer to a command of WebDriver."""
        self.asked += 1
        body = json.dumps([0, self.asked, command, words]).encode()
        self.socket.sendall(b"%d:%s" % (len(body), body))
        _, _, error, found = self.read()
        assert error is None, error
        return found.get("value") if isinstance(found, dict) else found

    def open(self, address):
        self.do("WebDriver:Navigate", url=address)

    def run(self, script, *words):
        """Give what a script returns in the page."""
        return self.do("WebDriver:ExecuteScript", script=script, args=words)

    def wait(self, condition):
        """Wait until an expression is true in the page."""
        waiting = f"const done = arguments[0], look = () => ({condition} ? done(true) : setTimeout(look, 20)); look();"
        self.do("WebDriver:ExecuteAsyncScript", script=waiting, args=[])

    def type(self, selector, text):
        """Type into a box in place of what stands there, and leave it by Enter."""
        (box,) = self.do("WebDriver:FindElement", using="css selector", value=selector).values()
        self.do("WebDriver:ElementClear", id=box)
        self.do("WebDriver:ElementSendKeys", id=box, text=text + "\ue007")

    def said(self):
        """Give what the browser's console holds: errors of scripts, rules that were broken, what could not be had."""
        self.do("Marionette:SetContext", value="chrome")
        found = self.run(SAID)
        self.do("Marionette:SetContext", value="content")
        return found


@contextmanager
def firefox(folder: Path):
    """Give a window of Debian's Firefox with a fresh profile in this folder."""
    found = shutil.which("firefox-esr") or shutil.which("firefox")
    assert found, "Firefox is needed to open a page; leave these tests out with -m 'not browser'"
    text = "".join(f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in PREFERENCES.items())
    (folder / "user.js").write_text(text)
    command = [found, "--headless", "--no-remote", "--marionette", "--remote-allow-system-access", "--profile", folder]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    port = folder / "MarionetteActivePort"
    try:
        until(lambda: process.poll() is not None or (port.exists() and port.read_text()))
        assert process.poll() is None, "Firefox did not start"
        window = Firefox(int(port.read_text()))
        with window.socket, window.stream:
            yield window
    finally:
        process.terminate()
        process.wait(PATIENCE)
