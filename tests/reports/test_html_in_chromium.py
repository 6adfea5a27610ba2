"""The page of `netlint check` in a browser: nothing goes wrong in the console, the filter filters, the pictures are drawn and unfold.

Skipped where Chromium is missing. It is driven through its DevTools protocol, over a pipe.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netlint.cli import run

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SECONDS = 60

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


class Browser:
    """Headless Chromium with one page. `errors` are what its console and its policies complained of."""

    def __init__(self, profile: Path) -> None:
        self.errors: list[str] = []
        self._events: list[dict[str, Any]] = []
        self._number = 0
        self._buffer = b""
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (to_browser, from_browser)]
        switches = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--remote-debugging-pipe"]
        self._process = subprocess.Popen(
            [str(CHROMIUM), *switches, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(3, 4),
            preexec_fn=lambda: [os.dup2(end, number) for number, end in enumerate(ends, start=3)] and None,
        )
        for end in (to_browser, from_browser, *ends):
            os.close(end)
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    _session: str | None = None

    def send(self, method: str, **parameters: object) -> Any:
        """A command's result."""
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], SECONDS)
            assert ready, "Chromium does not answer"
            self._buffer += os.read(self._read, 1 << 20)
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        told = answer.get("params", {})
        match answer.get("method"):
            case "Runtime.exceptionThrown":
                self.errors.append(json.dumps(told["exceptionDetails"]))
            case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
                self.errors.append(json.dumps(told["entry"]))
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "warning", "assert"):
                self.errors.append(json.dumps(told["args"]))
            case "Network.requestWillBeSent" if not told["request"]["url"].startswith("file://"):
                self.errors.append(f"loads {told['request']['url']}")
            case str(method):
                self._events.append(answer | {"method": method})
        return answer

    def open(self, page: Path, fragment: str = "") -> None:
        """Loads a page, and waits until its script has run."""
        self.send("Page.navigate", url="about:blank")
        self.send("Page.navigate", url=f"{page.absolute().as_uri()}{fragment}")
        self.until("document.documentElement?.dataset.ready")

    def ask(self, expression: str) -> Any:
        """The value of an expression in the page."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def until(self, expression: str) -> Any:
        """The value of an expression once it is true."""
        end = time.monotonic() + SECONDS
        while not (value := self.ask(expression)):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.05)
        return value

    def press(self, key: str, code: int, text: str = "") -> None:
        what = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.send("Input.dispatchKeyEvent", type="keyDown", **what, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **what)

    def size(self, width: int, height: int, phone: bool = False) -> None:
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)

    def media(self, kind: str = "", scheme: str = "light") -> None:
        self.send("Emulation.setEmulatedMedia", media=kind, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, path: Path, whole: bool = False) -> None:
        shot = self.send("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(shot))

    def pdf(self) -> bytes:
        return base64.b64decode(self.send("Page.printToPDF", printBackground=True)["data"])

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        os.close(self._write)
        os.close(self._read)


BLOCKS = """\
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, narrow, wide):
        super().__init__()
        self.conv = nn.Conv2d(narrow, wide, 3, padding=1)
        self.norm = nn.BatchNorm2d(wide)
        self.act = nn.ELU()

    def forward(self, x):
        return self.act(self.norm(self.conv(x)))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.MaxPool2d(2))
        self.body = nn.Sequential(Block(16, 32), Block(32, 32), Block(32, 32))
        self.tail = nn.Sequential(nn.Conv2d(32, 32, 3), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(32, 10)

    def forward(self, x):
        x = self.tail(self.body(self.stem(x)))
        return self.head(torch.flatten(x, 1))


class Probability(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 4)

    def forward(self, x):
        return self.fc(x)
"""
SHOWN = "[...document.querySelectorAll('.finding')].filter((one) => one.checkVisibility()).map((one) => one.dataset.code)"
BOXES = "[...document.querySelectorAll('#network-1 .node')].map((one) => one.dataset.id)"
FOCUS = "document.activeElement.id || document.activeElement.dataset.id"
ENTER, DOWN, UP = ("Enter", 13, "\r"), ("ArrowDown", 40), ("ArrowUp", 38)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two findings of NL501 and two of NL401 in one network, which has three equal blocks, and of a second network."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "model.py").write_text(BLOCKS)
    path = folder / "report.html"
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert run(["check", "model.py", "--isolated", "--select", "NL501,NL401", "--output-format", f"html:{path}"]) == 1
    finally:
        os.chdir(before)
    return path


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def browser(running: Browser) -> Iterator[Browser]:
    """The browser, in the end of which nothing has gone wrong."""
    running.errors.clear()
    running.size(1400, 900)
    running.media()
    yield running
    assert running.errors == []


def test_the_filter_is_in_the_address(browser: Browser, report: Path) -> None:
    browser.open(report)
    assert sorted(set(browser.ask(SHOWN))) == ["NL401", "NL501"]
    total = len(browser.ask(SHOWN))
    browser.open(report, "#severity=warning&rule=NL501")
    assert browser.ask(SHOWN) == ["NL501"] * 2
    assert browser.ask("document.querySelector('#shown').textContent") == f"2 of {total} findings"
    browser.open(report, "#severity=error")
    assert browser.ask(SHOWN) == []
    browser.open(report, "#file=model.py&text=SELF.TAIL")
    assert set(browser.ask(SHOWN)) == {"NL401", "NL501"}
    browser.ask("document.querySelector('#filter [type=reset]').click()")
    browser.until("document.querySelector('#shown').textContent.indexOf(' of ') < 0")
    assert len(browser.ask(SHOWN)) == total


def test_the_filter_is_typed_and_chosen(browser: Browser, report: Path) -> None:
    browser.open(report)
    browser.ask("document.querySelector('[name=text]').focus()")
    browser.send("Input.insertText", text="plain-relu")
    browser.until("location.hash === '#text=plain-relu'")
    assert set(browser.ask(SHOWN)) == {"NL401"}
    browser.ask("document.querySelector('[name=severity][value=advice]').click()")
    browser.until("location.hash === '#severity=warning&text=plain-relu'")
    assert browser.ask(SHOWN) == []


def test_a_link_to_a_hidden_finding_shows_it(browser: Browser, report: Path) -> None:
    browser.open(report, "#severity=error")
    browser.ask("location.hash = '#finding-1'")
    browser.until("document.activeElement.id === 'finding-1'")
    assert len(browser.ask(SHOWN)) > 1


def test_a_picture_is_drawn_when_it_is_opened_and_equal_blocks_are_one_box(browser: Browser, report: Path) -> None:
    browser.open(report)
    assert browser.ask("document.querySelectorAll('svg').length") == 0
    browser.ask("document.querySelector('#network-1 summary').click()")
    browser.until("!!document.querySelector('#network-1 svg .node')")
    boxes = browser.ask(BOXES)
    assert "g:body" in boxes
    assert not [box for box in boxes if box.startswith("g:body.")]
    assert "\u00d73 Block" in browser.ask("document.querySelector('[data-id=\"g:body\"]').textContent")
    flagged = browser.ask("[...document.querySelectorAll('#network-1 .node.flagged')].map((one) => one.textContent)")
    assert len(flagged) == 2
    assert all("ReLU" in words for words in flagged)
    edges = browser.ask("document.querySelectorAll('#network-1 .edge').length")
    assert edges == browser.ask("document.querySelectorAll('#network-1 .node:not(.open)').length") - 1  # a chain


def test_folds_open_by_keyboard_level_by_level(browser: Browser, report: Path) -> None:
    browser.open(report, "#network=1")
    browser.until("!!document.querySelector('#network-1 svg .node')")
    browser.ask("document.querySelector('[data-id=\"g:body\"]').focus()")
    browser.press(*ENTER)
    assert [box for box in browser.ask(BOXES) if box.startswith("g:body.")] == ["g:body.0", "g:body.1", "g:body.2"]
    assert browser.ask(FOCUS) == "g:body"
    browser.ask("document.querySelector('[data-id=\"g:body.1\"]').focus()")
    browser.press(*ENTER)
    inside = browser.ask("[...document.querySelectorAll('#network-1 .node')].filter((one) => one.textContent.startsWith('ELU')).length")
    assert inside == 1
    browser.ask("document.querySelector('[data-id=\"g:body\"]').focus()")
    browser.press(*ENTER)
    assert not [box for box in browser.ask(BOXES) if box.startswith("g:body.")]


def test_arrows_walk_along_the_network_and_what_is_met_is_told(browser: Browser, report: Path) -> None:
    browser.open(report, "#network=1")
    browser.until("!!document.querySelector('#network-1 svg .node')")
    browser.ask("document.querySelector('#network-1 .node:not(.open)').focus()")
    assert browser.ask(FOCUS) == "n:0"
    for _ in range(2):
        browser.press(*DOWN)
    assert browser.ask(FOCUS) == "n:2"
    told = browser.ask("document.querySelector('#network-1 .about').textContent")
    assert "ReLU" in told
    assert "0 parameters" in told
    assert "module stem.1, model.py:19" in told
    assert "NL501 warning" in told
    browser.press(*UP)
    assert browser.ask(FOCUS) == "n:1"
    assert "448 parameters" in browser.ask("document.querySelector('#network-1 .about').textContent")
    assert browser.ask("document.querySelectorAll('#network-1 .node[tabindex=\"0\"]').length") == 1


def test_a_finding_leads_to_its_layer_and_the_layer_to_the_finding(browser: Browser, report: Path) -> None:
    browser.open(report, "#rule=NL501")
    browser.ask("[...document.querySelectorAll('.finding:not([hidden])')].at(-1).querySelector('.to-network').click()")
    layer = browser.until("document.querySelector('#network-1 .chosen')?.dataset.id")
    assert browser.ask("document.querySelector('.chosen').classList.contains('flagged')")
    browser.until(f"location.hash === '#network=1&layer={layer.removeprefix('n:')}'")
    browser.ask("document.querySelector('.chosen').dispatchEvent(new MouseEvent('click', { bubbles: true }))")
    browser.until("document.activeElement.matches('.finding')")
    assert "self.tail" in browser.ask("document.activeElement.textContent")


def test_arrows_go_from_finding_to_finding(browser: Browser, report: Path) -> None:
    browser.open(report, "#rule=NL501")
    first, second = browser.ask("[...document.querySelectorAll('.finding:not([hidden])')].map((one) => one.id)")
    assert browser.ask("[...document.querySelectorAll('.finding[tabindex=\"0\"]')].map((one) => one.id)") == [first]
    browser.ask(f"document.getElementById('{first}').focus()")
    browser.press(*DOWN)
    assert browser.ask(FOCUS) == second
    browser.press(*ENTER)
    assert browser.until("document.querySelector('.chosen')?.dataset.id")


def test_dark_follows_the_system_and_the_button(browser: Browser, report: Path) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    browser.media(scheme="light")
    browser.open(report)
    browser.ask("localStorage.clear()")
    browser.open(report)
    light = browser.ask(background)
    browser.media(scheme="dark")
    dark = browser.ask(background)
    assert light == "rgb(255, 255, 255)"
    assert dark != light
    browser.ask("document.querySelector('#theme').click()")
    assert browser.ask(background) == light
    browser.open(report)
    assert browser.ask(background) == light  # it was remembered
    browser.ask("document.querySelector('#theme').click()")
    assert browser.ask(background) == dark
    browser.ask("localStorage.clear()")


@pytest.mark.parametrize("width", [375, 768, 1400])
def test_nothing_is_wider_than_the_window(browser: Browser, report: Path, width: int) -> None:
    browser.size(width, 700, phone=width < 500)
    browser.open(report, "#network=1")
    browser.until("!!document.querySelector('#network-1 svg .node')")
    assert browser.ask("document.documentElement.scrollWidth") <= width


def test_paper_has_all_findings_and_no_controls(browser: Browser, report: Path) -> None:
    browser.open(report, "#severity=error")
    browser.media("print")
    assert set(browser.ask(SHOWN)) == {"NL401", "NL501"}
    controls = browser.ask("[...document.querySelectorAll('form, button, .to-network')].filter((one) => one.checkVisibility()).length")
    assert controls == 0
    assert browser.pdf().startswith(b"%PDF")


def test_hostile_names_stay_text(browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = "<img src=x onerror=alert(1)>&amp;'\"]].py"
    layers = "nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2)"
    hostile = "</script><script>document.title='owned'</script><!--<svg onload=alert(1)>"
    Path(name).write_text(f"from torch import nn\n\nnet = nn.Sequential()\nnet.add_module({hostile!r}, nn.Sequential({layers}))\n")
    assert run(["check", ".", "--isolated", "--select", "NL501", "--output-format", "html:report.html"]) == 1
    browser.open(Path("report.html"), "#network=1")
    browser.until("!!document.querySelector('#network-1 svg .node')")
    assert browser.ask("document.title") == "netlint report"
    assert browser.ask("document.querySelectorAll('img').length") == 0
    assert browser.ask("document.querySelector('.file h3').textContent") == name
    assert browser.ask("document.scripts.length") == 3
    assert browser.ask("document.querySelector('#network-1 .open').textContent.includes('</script>')")
    browser.open(Path("report.html"), f"#file={'<img>'}&rule=%3Cb%3E&severity=warning")
    assert browser.ask(SHOWN) == ["NL501"]  # a filter for what does not exist is no filter
