"""Addresses: a real web server and a real object store on this machine; what lies inside a network is refused."""

import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

import isoflop
from isoflop import DataError
from isoflop.data.readers import remote
from isoflop.data.readers.address import is_address
from isoflop.forecasting.curves.logged import read_log
from isoflop.forecasting.source import open_source

pytest_plugins = ["commands"]

TABLE = "N,D,loss\n" + "".join(f"{n}e7,{d}e8,{1.7 + 3 / n + 2 / d}\n" for n in range(1, 5) for d in range(1, 5))
LOG = "step,tokens,val_loss,n_params\n" + "".join(f"{n}00,{n}e6,{4.9 - n / 10:.1f},1e7\n" for n in range(1, 9))
BUCKET = "runs-of-a-test"


class Strange(BaseHTTPRequestHandler):
    """Answers that are more than a file: a redirect to an inner address, and one that never ends."""

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        if self.command == "GET":
            piece = b"1e7,1e8,3\n" * 10_000
            try:
                self.wfile.write(b"N,D,loss\n")
                while True:
                    self.wfile.write(piece)
            except OSError:
                pass  # the reader has had enough

    def log_message(self, *_):
        pass


class Quiet(SimpleHTTPRequestHandler):
    """The files of a folder."""

    def log_message(self, *_):
        pass


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Wait for a server of this machine as long as a busy machine takes."""
    for name in ("LONGEST", "CONNECTING", "SILENT"):
        monkeypatch.setattr(remote, name, 3600.0)


@pytest.fixture
def inner(monkeypatch):
    """Allow addresses inside a network: those of this machine."""
    monkeypatch.setenv(remote.ALLOW, "1")


def served(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def web(tmp_path):
    """Serve the files of a folder."""
    (tmp_path / "runs.csv").write_text(TABLE)
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "broken.csv").write_text("N,D,loss\n1e7,1e8,x\n")
    yield from served(partial(Quiet, directory=str(tmp_path)))


@pytest.fixture
def strange():
    """Serve answers that are more than a file."""
    yield from served(Strange)


@pytest.fixture(scope="module")
def store():
    """Run an object store on this machine, with a table and a folder of logs in it."""
    boto3 = pytest.importorskip("boto3")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        for key, text in {"a/runs.csv": TABLE, "logs/w1.csv": LOG, "logs/w2.csv": LOG}.items():
            client.put_object(Bucket=BUCKET, Key=key, Body=text.encode())
        yield f"s3://{BUCKET}"
    server.stop()


@pytest.mark.usefixtures("inner")
def test_a_table_on_a_web_server_is_read_as_the_file_is(web, tmp_path):
    runs = isoflop.read(f"{web}/runs.csv?signature=secret")
    assert runs.source == f"{web}/runs.csv"
    assert runs.digest == isoflop.read(tmp_path / "runs.csv").digest


@pytest.mark.usefixtures("inner")
def test_every_way_to_name_runs_takes_an_address(web, store):
    for address in (f"{web}/runs.csv", f"{store}/a/runs.csv"):
        assert isoflop.fit("E + A/N^alpha", isoflop.read(address)).source == address
        assert isoflop.combine(address).runs.source == address
        assert open_source(address).runs.source == address
    assert isoflop.read_curve(f"{web}/log.csv").loss[-1] == 4.1


@pytest.mark.usefixtures("inner")
def test_a_saved_fit_opens_at_an_address_as_a_file_does(web, store, *, tmp_path, run):
    kept = isoflop.fit("E + A/N^alpha", isoflop.read(tmp_path / "runs.csv"), draws=20)
    isoflop.save(kept, tmp_path / "fit.json")
    boto3 = pytest.importorskip("boto3")
    boto3.client("s3").put_object(Bucket=BUCKET, Key="fit.json", Body=(tmp_path / "fit.json").read_bytes())
    for address in (f"{web}/fit.json", f"{store}/fit.json"):
        assert isoflop.load(address).curve.values == kept.curve.values
        assert open_source(address).curve.values == kept.curve.values
    assert run("forecast", f"{web}/fit.json", "N=1e9", "--json").code == 0
    refused = run("forecast", f"{web}/fit.json", "N=1e9", "--where", "N > 1")
    assert (refused.code, "a saved fit has its law" in refused.err) == (2, True)
    (tmp_path / "cut.json").write_bytes((tmp_path / "fit.json").read_bytes()[:-20])
    with pytest.raises(DataError, match=f"^{web}/cut.json: not a saved fit"):
        isoflop.load(f"{web}/cut.json")


@pytest.mark.usefixtures("inner")
def test_a_log_and_a_ladder_are_read_at_an_address(web):
    assert read_log(f"{web}/log.csv").at[-1] == 800


@pytest.mark.usefixtures("inner")
def test_an_object_and_a_folder_of_a_store_are_read(store):
    assert len(isoflop.read(f"{store}/a/runs.csv")) == 16
    folder = isoflop.read(f"{store}/logs")
    assert folder["loss"].tolist() == [4.1, 4.1]
    assert folder.names == ("w1", "w2")


@pytest.mark.usefixtures("inner")
@pytest.mark.parametrize("kind", ["web", "store"])
def test_an_address_with_nothing_there_is_said(kind, request):
    with pytest.raises(DataError, match="there is nothing at this address"):
        isoflop.read(f"{request.getfixturevalue(kind)}/missing.csv")


@pytest.mark.usefixtures("inner")
def test_an_error_in_a_table_names_its_address(web):
    with pytest.raises(DataError, match=rf'^{web}/broken\.csv, row 2, column "loss": "x" is not a number'):
        isoflop.read(f"{web}/broken.csv")


@pytest.mark.parametrize("kind", ["web", "store"])
def test_what_is_inside_a_network_is_refused_unless_allowed(kind, request):
    address = f"{request.getfixturevalue(kind)}/a/runs.csv"
    with pytest.raises(DataError, match=r"leads to 127\.0\.0\.1, which is inside a network.*ISOFLOP_ALLOW_PRIVATE=1"):
        isoflop.read(address)


def test_a_redirect_to_an_inner_address_is_refused(strange, monkeypatch):
    allowed = remote.is_allowed
    monkeypatch.setattr(remote, "is_allowed", lambda host: host == "127.0.0.1" or allowed(host))
    with pytest.raises(DataError, match=r"leads to 169\.254\.169\.254, which is inside a network"):
        isoflop.read(f"{strange}/away.csv")


@pytest.mark.usefixtures("inner")
def test_what_never_ends_is_cut_off_at_the_limit(strange, monkeypatch):
    monkeypatch.setattr(remote, "MAX_BYTES", 1 << 20)
    with pytest.raises(DataError, match="is larger than 1 MiB"):
        isoflop.read(f"{strange}/endless.csv")


@pytest.mark.usefixtures("inner")
def test_what_takes_too_long_is_cut_off(strange, monkeypatch):
    monkeypatch.setattr(remote, "LONGEST", -1.0)
    with pytest.raises(DataError, match="took longer than"):
        isoflop.read(f"{strange}/endless.csv")


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("8.8.8.8", True), ("2001:4860:4860::8888", True), ("127.0.0.1", False), ("10.1.2.3", False),
        ("192.168.0.9", False), ("172.16.0.1", False), ("169.254.169.254", False), ("100.64.0.1", False),
        ("0.1.2.3", False), ("224.0.0.1", False), ("::1", False), ("fe80::1%eth0", False), ("fd00:ec2::254", False),
        ("::ffff:127.0.0.1", False), ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False),
    ],
)  # fmt: skip
def test_only_public_addresses_are_allowed(host, allowed):
    assert remote.is_allowed(host) is allowed


@pytest.mark.parametrize("scheme", ["https", "s3", "gs"])
def test_without_the_extra_one_message_says_what_to_install(scheme, monkeypatch):
    for package in ("fsspec", "aiohttp", "s3fs", "gcsfs", "botocore", "fsspec.implementations.http"):
        monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(isoflop.MissingExtraError, match=r'pip install "isoflop\[read\]"'):
        isoflop.read(f"{scheme}://somewhere/runs.csv")


def test_a_password_and_a_signature_are_not_shown():
    with pytest.raises(DataError) as caught:
        isoflop.read("http://user:hidden@127.0.0.1:9/runs.csv?key=hidden")
    assert "hidden" not in str(caught.value)


def test_an_address_of_another_kind_says_which_are_fetched():
    with pytest.raises(DataError, match="only s3, gs, https and http are fetched"):
        isoflop.read("ftp://somewhere/runs.csv")
    assert not is_address("s3.csv")
