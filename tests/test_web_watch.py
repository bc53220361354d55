"""The page of a run that is watched: what it shows is what isoflop watch says, and it follows the log as it grows."""

import json
import re

import pytest
from curves import SHARES, STEPS, curve, ladder, table
from served import patient, serving

from isoflop import Told, watch

pytest_plugins = ["chromium", "commands"]

N, D = 1.28e9, 25.6e9
WHOLE = table([curve(N, D, seed=9, fault=0.02 * (SHARES >= 0.5))]).splitlines(keepends=True)
HALF, MOST = (1 + int((share >= SHARES).sum()) for share in (0.45, 0.7))
TOLD = ("--ladder", "ladder.csv", "--N", "1.28B", "--D", "25.6B", "--steps", str(STEPS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Give a folder with a ladder and the log of a run at 45 %, sound so far."""
    found = tmp_path_factory.mktemp("watched")
    (found / "ladder.csv").write_text(table(ladder(4)))
    (found / "run.csv").write_text("".join(WHOLE[:HALF]))
    return found


@pytest.fixture(scope="module")
def followed(folder):
    """Give a server that follows the run."""
    with serving(folder, patient(folder), asked=["--watch", "run.csv", *TOLD]) as one:
        yield one


def grown(tab, folder):
    """Let the log grow to 70 %, and wait until the page shows it."""
    (folder / "grown.csv").write_text("".join(WHOLE[:MOST]))
    (folder / "grown.csv").replace(folder / "run.csv")
    tab.wait_for_selector("#state:has-text('above since')", timeout=300_000)


def opened(tabs, followed, **settings):
    """Give a tab on the page, when it shows a look."""
    origin = f"http://{followed.host}"
    tab = tabs(f"{origin}/open?token={followed.token}&page=watch", origin, **settings)
    tab.wait_for_selector("#figure-ends svg", timeout=300_000)
    return tab


@pytest.mark.browser
def test_the_page_follows_the_log_and_says_what_the_command_says(tabs, folder, followed):
    from axe_playwright_python.sync_playwright import Axe

    tab = opened(tabs, followed, viewport={"width": 375, "height": 800}, color_scheme="dark")
    assert "on track" in tab.inner_text("#state")
    before = tab.inner_text("#end + small")
    grown(tab, folder)
    found = watch(folder / "run.csv", folder / "ladder.csv", told=Told(N=N, D=D, steps=STEPS), stop=0.1)
    assert tab.inner_text("#end") == f"{found.end.value:.4f}"
    assert tab.inner_text("#end + small") != before
    assert tab.inner_text("#advice").startswith(found.advice.do)
    assert tab.locator("#ways tbody tr").count() == len(found.options)
    assert set(re.findall(r"W\d\d", tab.inner_text("#findings"))) == {one.code for one in found.findings}
    assert tab.evaluate("document.documentElement.scrollWidth") <= 375
    said = Axe().run(tab).response["violations"]
    assert [one["id"] for one in said if one["impact"] in ("serious", "critical")] == []


def test_the_last_look_is_the_json_of_once_and_is_told_once(folder, followed):
    first = followed.get("/api/look").json
    while "look" not in first:
        answer = followed.get(f"/api/look?after={first['number']}")
        first = answer.json if answer.status == 200 else first
    found = watch(folder / "run.csv", folder / "ladder.csv", told=Told(N=N, D=D, steps=STEPS), stop=0.1)
    if first["look"]["step"] == found.step:  # the log may have grown under the other test
        known = json.loads(json.dumps(first["look"]["end"]))
        assert known == pytest.approx(found.end.as_dict())
    assert {"state", "since", "step", "end", "expected", "findings", "options", "advice"} <= set(first["look"])
    assert followed.get(f"/api/look?after={first['number'] + 1000}").status == 204
    assert followed.get("/api/look?after=x").status == 400


def test_who_has_no_token_sees_no_run(followed):
    assert followed.get("/watch", Cookie=None).status == 403
    assert followed.get("/api/look", Cookie=None).status == 403
    assert b'href="/watch"' in followed.get("/").body


def test_what_cannot_be_followed_is_refused_with_what_to_type(run, folder):
    assert "Name the log" in run("watch", "--web", *TOLD[:2]).err
    assert "--ladder" in run("watch", folder / "run.csv", "--web").err
    assert "--watch LOG" in run("web", "--ladder", "ladder.csv").err
