"""Jobs run so many at a time, each in a process that can be ended, and nothing of them outlives the server."""

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

import pytest
from served import SWEEP, TABLE, alive, reply, serving, until

pytest_plugins = ["web_fixtures"]

STARTING = """
if __name__ == "__main__":
    from isoflop.faces.cli import main
    main()
"""
FAULTY = """
import asyncio, os, sys
from contextlib import contextmanager
from pathlib import Path
import anyio
from isoflop.errors import DataError
from isoflop.faces.web import jobs, work

@contextmanager
def held_by_the_test(seconds):
    # What began before the test said that the time is over, is over.
    def now():
        return Path("over").stat().st_size if Path("over").exists() else 0
    began, loop = now(), asyncio.get_running_loop()
    with anyio.CancelScope() as scope:
        def look():
            nonlocal next_look
            if now() > began:
                scope.cancel()
            else:
                next_look = loop.call_later(0.01, look)
        next_look = loop.call_later(0.01, look)
        try:
            yield scope
        finally:
            next_look.cancel()
    if scope.cancelled_caught:
        raise TimeoutError

def counted(self, key, value):
    object.__setattr__(self, key, value)
    if key == "_under_way":
        Path("under-way").write_text(str(value))

anyio.fail_after, jobs.Jobs.__setattr__ = held_by_the_test, counted
good = work.view

def view(request):
    fault = request.pop("name", "")
    if fault == "endless":
        Path(f"begun-{request['law']}").touch()
        while True:
            pass
    if fault == "crash":
        os.abort()
    if fault == "memory":
        bytearray(8 << 30)
    if fault == "exit":
        sys.exit(3)
    if fault == "quick":
        return {}
    if fault == "told":
        raise DataError(f"{request['table']}: row 3 is no run.")
    if fault == "bug":
        raise ZeroDivisionError("the secret of " + request["dataset"])
    return good(request)

work.view, work.laws = view, lambda request: "export {}"
if __name__ == "__main__":
    from isoflop.faces.cli import main
    main()
"""
"""A server whose limits the test holds, which tells how many jobs are under way, and whose jobs go wrong as named."""


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faulty")
    (folder / "faulty.py").write_text(FAULTY)
    with serving(folder, [str(folder / "faulty.py")]) as one:
        yield one


def time_is_over(server):
    """Let the time of all that has begun be over, and of nothing that begins from now on."""
    with (server.temporary.parent / "over").open("a") as file:
        file.write(".")


def under_way(server):
    """Give how many jobs are at work or wait for their turn."""
    text = (server.temporary.parent / "under-way").read_text()
    return int(text) if text else -1  # it is being written


def begin_endless(server, count):
    """Give the sockets of so many views that never end, each of which is at work."""
    asked = []
    for _ in range(count):
        name = token_hex(4)
        asked.append(server.begin_view(name="endless", law=name))
        until((server.temporary.parent / f"begun-{name}").exists)
    return asked


def is_well(server, **asked):
    """Say whether the server does what it is for; a view called quick takes no fit."""
    return server.post("/api/views", {**SWEEP, **asked}).status == 200


def test_a_view_its_laws_a_plan_and_a_file_come_of_real_runs(served):
    assert b"tinylm" in served.get("/api/start").body
    view = served.post("/api/views", SWEEP)
    assert view.headers["Content-Type"] == "application/json"
    known = view.json["id"]
    laws = served.get(f"/api/views/{known}/laws.js", Sec_Fetch_Site="same-origin")
    assert (laws.status, laws.headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    plan = served.post("/api/plans", {"view": known, "demand": {"flops": 1e13}})
    assert plan.status == 200
    file = served.post("/api/exports", {"view": known, "what": "report.html", "demand": {}})
    assert (file.status, file.headers["Content-Type"]) == (200, "application/octet-stream")
    assert file.headers["Content-Disposition"] == 'attachment; filename="isoflop-report.html"'
    assert b"<!doctype html>" in file.body


def test_the_same_request_is_the_same_view_and_another_is_another(faulty):
    asked = {**SWEEP, "name": "quick"}
    ids = [faulty.post("/api/views", {**asked, **more}).json["id"] for more in ({}, {}, {"law": "chinchilla"})]
    assert ids[0] == ids[1] != ids[2]
    assert faulty.post("/api/views", dict(reversed(asked.items()))).json["id"] == ids[0]


def test_what_the_user_can_mend_is_said_as_on_the_command_line(served):
    assert served.post("/api/views", {"dataset": "tinylm", "where": "loss > 99"}).status == 422
    refused = served.post("/api/views", {"dataset": "tinylm", "law": "chincilla"})
    assert (refused.status, "chinchilla" in refused.error) == (400, True)


def test_a_process_has_limits_and_one_thread(served):
    for worker in served.both_workers():
        limits = Path(f"/proc/{worker}/limits").read_text()
        assert [line.split()[-3:-1] for line in limits.splitlines() if "address space" in line] == [[str(5 << 30)] * 2]
        assert [line.split()[-3:-1] for line in limits.splitlines() if "core file" in line] == [["0", "0"]]
        assert len([*Path(f"/proc/{worker}/task").iterdir()]) == 1


@pytest.mark.parametrize("many", [1, 2])
def test_a_process_that_is_killed_while_idle_is_replaced(served, many):
    killed = served.both_workers()[:many]
    for worker in killed:
        os.kill(worker, signal.SIGKILL)
    until(lambda: not {*killed} & {*served.workers})  # the server has noticed
    assert is_well(served)


def test_a_process_that_is_killed_at_work_is_said_and_replaced(faulty):
    asked = begin_endless(faulty, 2)
    for worker in faulty.workers:
        os.kill(worker, signal.SIGKILL)
    for one in asked:
        status, text = reply(one)
        assert (status, "Traceback" in text) == (500, False)
        assert "isoflop failed at this" in text
    assert is_well(faulty, name="quick")


def test_two_jobs_run_eight_wait_and_the_next_is_asked_to_come_again(faulty):
    stopped = faulty.both_workers()
    for worker in stopped:
        os.kill(worker, signal.SIGSTOP)
    asked = [faulty.begin_view(name="quick") for _ in range(10)]
    until(lambda: under_way(faulty) == 10)
    refused = faulty.post("/api/views", SWEEP)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
    assert "Try again" in refused.error

    asked.pop().close()  # its page was closed: the place is free
    until(lambda: under_way(faulty) == 9)
    asked.append(faulty.begin_view(name="quick"))
    until(lambda: under_way(faulty) == 10)
    assert faulty.post("/api/views", SWEEP).status == 429
    assert faulty.get("/").status == 200  # the page itself needs no job
    for worker in stopped:
        os.kill(worker, signal.SIGCONT)
    assert [reply(one)[0] for one in asked] == [200] * 10


def test_40_uploads_and_40_views_at_once_are_done_or_come_again(faulty):
    def one(number):
        if number % 2:
            return faulty.upload(TABLE + b"1e6,1e9,%d.5\n" % number).status
        return faulty.post("/api/views", {"dataset": "tinylm", "name": "quick", "law": str(number)}).status

    with ThreadPoolExecutor(80) as threads:
        found = [*threads.map(one, range(80))]
    assert {*found} <= {200, 429}
    assert found.count(200) >= 10
    assert len(faulty.workers) <= 2
    assert is_well(faulty, name="quick")


def test_a_job_over_the_limit_is_ended_and_the_server_goes_on(faulty):
    before = faulty.both_workers()
    (asked,) = begin_endless(faulty, 1)
    time_is_over(faulty)
    status, text = reply(asked)
    assert status == 504
    assert "took more than" in text
    assert [alive(worker) for worker in before].count(False) == 1
    assert is_well(faulty, name="quick")


def test_a_job_that_nobody_waits_for_any_more_is_ended(faulty):
    before = faulty.both_workers()
    (asked,) = begin_endless(faulty, 1)
    asked.close()  # Cancel on the page, or the page is closed
    until(lambda: under_way(faulty) == 0)
    assert [alive(worker) for worker in before].count(False) == 1
    assert is_well(faulty, name="quick")


def test_waiting_does_not_count_against_the_limit(faulty):
    assert is_well(faulty, name="quick")
    asked = begin_endless(faulty, 2)
    asked.append(faulty.begin_view(name="quick"))
    until(lambda: under_way(faulty) == 3)
    time_is_over(faulty)
    assert [reply(one)[0] for one in asked] == [504, 504, 200]


@pytest.mark.parametrize(
    ("fault", "said"),
    [("crash", (500, "isoflop failed at this. The terminal where isoflop web runs says how.")),
     ("exit", (500, "isoflop failed at this. The terminal where isoflop web runs says how.")),
     ("bug", (500, "isoflop failed at this. The terminal where isoflop web runs says how.")),
     ("memory", (422, "this takes more memory than isoflop web may use. Keep fewer runs: where."))],
)  # fmt: skip
def test_a_job_that_goes_wrong_is_said_in_a_sentence_and_the_server_goes_on(faulty, fault, said):
    refused = faulty.post("/api/views", {**SWEEP, "name": fault})
    assert (refused.status, refused.error) == said
    assert is_well(faulty, name="quick")


def test_an_error_of_isoflops_own_is_told_in_full_to_the_terminal(faulty):
    faulty.post("/api/views", {**SWEEP, "name": "bug"})
    assert "ZeroDivisionError: the secret of tinylm" in faulty.said.read_text()


def test_what_is_refused_is_not_told_by_its_place_on_the_disk(faulty):
    table = faulty.upload().json["table"]
    assert faulty.post("/api/views", {"table": table, "name": "told"}).error == "the table: row 3 is no run."


def test_of_more_than_64_views_the_one_not_used_for_longest_is_forgotten(faulty):
    def made(number):
        return faulty.post("/api/views", {"dataset": "tinylm", "name": "quick", "law": str(number)}).json["id"]

    def known(view):
        return faulty.get(f"/api/views/{view}/laws.js").status

    ids = [made(number) for number in range(64)]
    assert known(ids[0]) == 200  # used again
    made(64)
    assert [known(ids[0]), known(ids[1]), known(ids[2])] == [200, 404, 200]


def test_a_body_that_does_not_come_is_not_waited_for(faulty):
    started = faulty.begin("/api/tables?name=x.csv", TABLE, Content_Length=len(TABLE) + 1)
    until(lambda: [name for name in faulty.kept if "." not in name])  # what came is being kept
    time_is_over(faulty)
    status, text = reply(started)
    assert (status, "did not come within" in text) == (408, True)
    assert [name for name in faulty.kept if "." not in name] == []


@pytest.mark.parametrize(("how", "busy"), [(signal.SIGINT, True), (signal.SIGTERM, True), (signal.SIGHUP, False)])
def test_at_the_end_nothing_is_left_and_nothing_more_is_said(tmp_path, how, busy):
    with serving(tmp_path) as one:
        assert one.upload().status == 200
        workers = one.both_workers()
        if busy:
            for worker in workers:
                os.kill(worker, signal.SIGSTOP)
            asked = [one.begin_view() for _ in range(3)]
        assert one.end(how) == (130 if how == signal.SIGINT else 0)
        until(lambda: not any(map(alive, workers)))
        assert [*one.temporary.iterdir()] == []
        assert one.said.read_text().count("\n") == 1
        if busy:
            [started.close() for started in asked]


def test_a_server_ended_at_once_ends_as_quietly(tmp_path):
    with serving(tmp_path) as one:
        assert one.end(signal.SIGINT) == 130
        assert one.said.read_text().count("\n") == 1
        assert [*one.temporary.iterdir()] == []


def test_processes_load_nothing_from_the_folder_that_the_user_is_in(tmp_path):
    for module in ("pickle", "anyio", "subprocess", "numpy", "isoflop"):
        (tmp_path / f"{module}.py").write_text(f"open({str(tmp_path / 'loaded')!r}, 'w').close()")
    with serving(tmp_path, ["-P", "-m", "isoflop"]) as one:
        assert is_well(one)
    assert not (tmp_path / "loaded").exists()


def test_processes_do_not_outlive_a_server_that_was_killed_and_its_tables_go_once_another_has_begun(tmp_path):
    with serving(tmp_path) as one:
        assert one.upload().status == 200
        workers = one.both_workers()
        one.process.kill()
        one.process.wait()
        until(lambda: not any(map(alive, workers)))
        left = one.folder
    with serving(tmp_path / "again", TMPDIR=str(one.temporary)) as another:
        assert not left.exists()
        assert another.upload().status == 200
        with serving(tmp_path / "third", TMPDIR=str(one.temporary)):
            assert another.upload().status == 200  # what another still uses is let alone
            assert another.get("/").status == 200


def test_a_head_that_never_ends_is_not_waited_for(tmp_path):
    program = "from isoflop.faces.web import patience; patience.ASKING = 0.05\n" + STARTING
    (tmp_path / "hasty.py").write_text(program)
    with serving(tmp_path, [str(tmp_path / "hasty.py")]) as one:
        for begun in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"):
            started = socket.create_connection(("127.0.0.1", one.port), timeout=300)
            with started, suppress(ConnectionResetError, BrokenPipeError):  # it may be let go before this is sent
                started.sendall(begun)
                assert started.recv(1) == b""
        assert is_well(one)
