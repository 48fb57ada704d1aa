"""Another's judgement of our mail: rspamd as a receiver, with its DNS pointed at the test's zones.

Use it in a test module with `pytest_plugins = ["tests.features.dns_servers",
"tests.features.receiver"]` and the fixture `receiver`. Only SPF, DKIM and DMARC are asked, also of
mail from loopback; nothing is looked up but in the test's own resolver.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engine.postfix_sink import Letter, free_port
from tests.services import require

if TYPE_CHECKING:
    from posthouse.domains.wire import Server
    from tests.features.dns_servers import DnsWorld

HANGING = 30.0  # seconds; starting takes one

# Registered names end below these; the whole list takes seconds to compile.
_SUFFIXES = "com\nnet\norg\nexample\n"

_CONFIGURATION = """
options {{
  filters = "dkim";
  tempdir = "{folder}";
  control_socket = "{folder}/control.sock mode=0600";
  cache_file = "{folder}/symbols.cache";
  hs_cache_dir = "{folder}";
  disable_hyperscan = true;
  local_addrs = [];
  url_tld = "{folder}/suffixes";
  dns {{ nameserver = ["{resolver}"]; timeout = 2s; }}
}}
logging {{ type = "console"; level = "info"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
spf {{ check_local = true; }}
dkim {{ check_local = true; }}
dmarc {{ check_local = true; }}
modules {{ path = "{plugins}/dmarc.lua"; path = "{plugins}/spf.lua"; }}
"""
_PLUGINS = "/usr/share/rspamd/plugins"


class Receiver:
    """A running rspamd."""

    def __init__(self, port: int, log: Path) -> None:
        self._port, self._log = port, log

    def judge(self, letter: Letter) -> frozenset[str]:
        """The names of the symbols that the message earns, such as R_SPF_ALLOW."""
        envelope = {
            "IP": letter.ip,
            "Helo": letter.helo,
            "From": letter.mail_from,
            "Rcpt": letter.recipient,
        }
        connection = HTTPConnection("127.0.0.1", self._port, timeout=HANGING)
        try:
            connection.request("POST", "/checkv2", letter.content, envelope)
            answer = connection.getresponse().read()
        finally:
            connection.close()
        return frozenset(json.loads(answer)["symbols"])

    def wait(self, process: "subprocess.Popen[bytes]") -> None:
        """Until it answers."""
        until = time.monotonic() + HANGING
        while not self._answers():
            assert process.poll() is None, self._log.read_text()
            assert time.monotonic() < until, self._log.read_text()
            time.sleep(0.05)

    def _answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=HANGING)
        with suppress(OSError, HTTPException):
            connection.request("GET", "/ping")
            return connection.getresponse().status == 200
        return False


@pytest.fixture(scope="session")
def receiver(dns_world: "DnsWorld", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """rspamd for all tests of the session."""
    program, folder, port = require("rspamd"), tmp_path_factory.mktemp("rspamd"), free_port()
    _configure(folder, port, dns_world.resolver)
    insecure = ("-i",) if os.geteuid() == 0 else ()  # it does not like to be root
    log = folder / "log"
    with log.open("wb") as written:
        command = [program, "-f", *insecure, "-c", str(folder / "rspamd.conf")]
        process = subprocess.Popen(command, stdout=written, stderr=written)
    try:
        running = Receiver(port, log)
        running.wait(process)
        yield running
    finally:
        _end(process)


def _configure(folder: Path, port: int, resolver: "Server") -> None:
    (folder / "suffixes").write_text(_SUFFIXES)
    text = _CONFIGURATION.format(
        folder=folder, port=port, resolver=f"{resolver[0]}:{resolver[1]}", plugins=_PLUGINS
    )
    (folder / "rspamd.conf").write_text(text)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(HANGING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
