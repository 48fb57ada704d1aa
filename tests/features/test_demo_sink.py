"""The demo's SMTP sink: what it takes, keeps, refuses on request, and shows."""

import asyncio
import contextlib
import json
import signal
import smtplib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.delivery.replies import Stage
from posthouse.demo.faults import FaultNotUnderstood, find_fault, parse_fault
from posthouse.demo.inbox import Inbox
from posthouse.demo.inbox_pages import framed
from posthouse.demo.letters import parse, readable, summary
from posthouse.demo.record import Record, read_record
from posthouse.demo.sink import Sink, main
from posthouse.demo.sink_server import SinkState
from tests.services import require

GUARD_SECONDS = 60.0


# ------------------------------------------------------------------------------------ SMTP


def conversed(sink: Sink, *said: bytes) -> bytes:
    """What the sink answers to things said one after the other, without waiting between."""

    async def body() -> bytes:
        await sink.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", sink.smtp_port)
        for data in said:
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(0)
        writer.write_eof()
        async with asyncio.timeout(GUARD_SECONDS):
            answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        await sink.stop()
        return answer

    return asyncio.run(body())


def codes(answer: bytes) -> str:
    return " ".join(line[:3].decode() for line in answer.splitlines() if line[3:4] != b"-")


ENVELOPE = b"EHLO x\r\nMAIL FROM:<b@example.com> SIZE=9\r\nRCPT TO:<r@example.org>\r\n"


@given(st.lists(st.integers(1, 200), max_size=12))
def test_any_split_of_the_bytes_gives_the_same_record(cuts: list[int]) -> None:
    content = b"Subject: x\r\n\r\n..two dots\r\n.one\r\n.\r\n..\r\n"
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    whole = (
        ENVELOPE + b"DATA\r\n" + stuffed + b".\r\n"
        b"MAIL FROM:<>\r\nRCPT TO:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n"
        b"BDAT 5\r\nabc\r\nBDAT %d LAST\r\n%bQUIT\r\n" % (len(content), content)
    )
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(whole[at : at + cut])
        at += cut
    pieces.append(whole[at:])
    with tempfile.TemporaryDirectory() as folder:
        answer = conversed(Sink(Path(folder), http_port=None), *pieces)
        assert codes(answer) == "220 250 250 250 354 250 250 250 250 250 250 221"
        record = list(read_record(Path(folder)))
    assert [(m.mail_from, m.recipient, m.content) for m in record] == [
        ("b@example.com", "r@example.org", content),
        ("", "a@example.org", b"abc\r\n" + content),
        ("", "b@example.org", b"abc\r\n" + content),
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"MAIL FROM:<a@b>\r\nMAIL FROM:<a@b>\r\n", "220 250 503"),
        (b"RCPT TO:<a@b>\r\n", "220 503"),
        (b"DATA\r\nNOOP\r\n", "220 503 250"),
        (b"BDAT 4 LAST\r\nQUITNOOP\r\n", "220 503 250"),
        (b"MAIL a@b\r\nMAIL FROM:<>\r\nRCPT TO:<>\r\n", "220 501 250 501"),
        (b"WHAT\r\nnoop\r\nrset\r\n", "220 500 250 250"),
        (b"STARTTLS\r\nAUTH PLAIN AGEAYg==\r\n", "220 503 503"),
        (b"BDAT x\r\nNOOP\r\n", "220"),
        (b"MAIL FROM:<a@b>\r\nRSET\r\nRCPT TO:<a@b>\r\n", "220 250 250 503"),
    ],
)
def test_the_order_of_commands_is_kept(said: bytes, expected: str, tmp_path: Path) -> None:
    assert codes(conversed(Sink(tmp_path, http_port=None), said)) == expected
    assert list(read_record(tmp_path)) == []


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        (b"AUTH PLAIN AHUAcA==\r\n", "235 250"),
        (b"AUTH PLAIN AHUAeA==\r\n", "535 530"),
        (b"AUTH LOGIN\r\ndQ==\r\ncA==\r\n", "334 334 235 250"),
        (b"AUTH LOGIN\r\n!!\r\n\xff\r\n", "334 334 535 530"),
        (b"AUTH CRAM-MD5\r\n", "504 530"),
        (b"", "530"),
    ],
)
def test_sign_in_is_asked_for_before_mail(auth: bytes, expected: str, tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None, credentials=("u", "p"))
    assert codes(conversed(sink, auth + b"MAIL FROM:<a@b>\r\n")) == f"220 {expected}"


def test_the_standard_librarys_client_gets_through(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None)

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", sink.smtp_port, timeout=GUARD_SECONDS) as client:
            client.sendmail("b@example.com", ["r@example.org"], "Subject: x\r\n\r\n.dot\r\n")

    async def body() -> None:
        await sink.start()
        await asyncio.to_thread(send)
        await sink.stop()

    asyncio.run(body())
    assert [m.content for m in read_record(tmp_path)] == [b"Subject: x\r\n\r\n.dot\r\n"]


def test_postfixs_load_generator_gets_through(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None)
    command = [require("smtp-source"), "-m", "300", "-s", "7", "-l", "3000", "-d"]

    async def body() -> None:
        await sink.start()
        command.append(f"inet:127.0.0.1:{sink.smtp_port}")
        process = await asyncio.create_subprocess_exec(*command)
        assert await asyncio.wait_for(process.wait(), GUARD_SECONDS) == 0
        await sink.stop()

    asyncio.run(body())
    record = list(read_record(tmp_path))
    assert len(record) == 300
    assert all(len(m.content) >= 3000 and m.content.endswith(b"\r\n") for m in record)
    assert sink.state.most_open == 7


# ---------------------------------------------------------------------------------- record


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=20), st.binary(max_size=60))))
def test_what_is_recorded_is_read_back_also_after_a_restart(
    messages: list[tuple[str, str, bytes]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        record = Record(folder)
        for sender, recipient, content in messages:
            record.append(sender, [recipient], content)
        record.close()
        with record.path.open("ab") as torn:
            torn.write(b"message 1.000000 5 5 100\nhalf a mess")
        again = Record(folder)
        again.append("last", ["one"], b"x")
        again.flush()
        expected = [*messages, ("last", "one", b"x")]
        assert [m[:3] for m in read_record(folder)] == expected
        assert [again[n][:3] for n in range(len(again))] == expected
        again.close()


def test_a_message_is_in_the_file_before_its_250(tmp_path: Path) -> None:
    sink = Sink(tmp_path, http_port=None)

    async def body() -> None:
        await sink.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", sink.smtp_port)
        writer.write(ENVELOPE + b"BDAT 3 LAST\r\nx\r\n")
        async with asyncio.timeout(GUARD_SECONDS):
            while b"Taken" not in await reader.readline():
                pass
        assert len(list(read_record(tmp_path))) == 1  # no flush, no stop in between
        writer.close()
        await writer.wait_closed()
        await sink.stop()

    asyncio.run(body())


# ---------------------------------------------------------------------------------- faults


def test_faults_are_found_by_stage_and_pattern_and_used_up() -> None:
    faults = [parse_fault("2*rcpt:*@bad.example:550 5.1.1 No"), parse_fault("end:*:drop")]
    assert find_fault(faults, Stage.MAIL, "a@bad.example") == ""
    found = [find_fault(faults, Stage.RCPT, "a@bad.example") for _ in range(3)]
    assert found == ["550 5.1.1 No", "550 5.1.1 No", ""]
    assert find_fault(faults, Stage.END, "a@good.example") == "drop"


@pytest.mark.parametrize("text", ["", "rcpt", "rcpt:*", "rcpt:*:", "lunch:*:drop"])
def test_a_fault_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(FaultNotUnderstood):
        parse_fault(text)


def test_a_fault_on_the_command_line_that_is_none_is_said_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--store", str(tmp_path), "--fault", "lunch:*:drop"]) == 2
    assert "lunch" in capsys.readouterr().err


# ---------------------------------------------------------------------------------- process


@contextlib.contextmanager
def own_process(store: Path, *options: str) -> Iterator[dict[str, int]]:
    command = [sys.executable, "-m", "posthouse.demo.sink", "--store", str(store), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(GUARD_SECONDS) == 0
        process.stdout.close()


def test_as_a_process_it_tells_its_ports_and_stops_on_sigterm(tmp_path: Path) -> None:
    with own_process(tmp_path, "--fault", "rcpt:no@*:550 5.1.1 No") as ports:
        with smtplib.SMTP("127.0.0.1", ports["smtp_port"], timeout=GUARD_SECONDS) as client:
            refused = client.sendmail(
                "b@example.com", ["r@example.org", "no@example.org"], "Subject: hi\r\n\r\nx\r\n"
            )
        assert refused == {"no@example.org": (550, b"5.1.1 No")}
        base = f"http://127.0.0.1:{ports['http_port']}"
        with urllib.request.urlopen(f"{base}/", timeout=GUARD_SECONDS) as page:
            assert "r@example.org" in page.read().decode()
        with urllib.request.urlopen(f"{base}/counts.json", timeout=GUARD_SECONDS) as counts:
            assert json.load(counts)["messages"] == 1
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{base}/message/7", timeout=GUARD_SECONDS)
    assert [m.recipient for m in read_record(tmp_path)] == ["r@example.org"]


# ------------------------------------------------------------------------------------ inbox

HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'
LETTER = (
    f"From: {HOSTILE} <a@example.com>\r\nTo: r@example.org\r\n"
    f"Subject: =?utf-8?b?R3LDvMOfZQ==?= {HOSTILE}\r\n"
    'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    f"Plain </pre>{HOSTILE}\r\n"
    "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    f"<html><head></head><body>Rich {HOSTILE}</body></html>\r\n--b--\r\n"
).encode()

Fill = Callable[..., Inbox]


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Fill]:
    record = Record(tmp_path)

    def fill(*contents: bytes) -> Inbox:
        for number, content in enumerate(contents):
            record.append(f"b{number}@example.com", [f"r{number}@example.org"], content)
        record.flush()
        return Inbox(SinkState(record))

    yield fill
    record.close()


def page(box: Inbox, target: str) -> str:
    return box.answer("GET", target).body.decode()


def test_the_list_is_newest_first_and_paged(inbox: Fill) -> None:
    box = inbox(*(f"Subject: Letter {n}.\r\n\r\nx\r\n".encode() for n in range(120)))
    first = page(box, "/")
    assert first.index("Letter 119.") < first.index("Letter 70.")
    assert "Letter 69." not in first
    assert "Letter 69." in page(box, "/?page=2")
    assert "Older" not in page(box, "/?page=3")
    assert "120 messages" in first


def test_search_finds_addresses_and_decoded_subjects(inbox: Fill) -> None:
    box = inbox(
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nx\r\n", b"Subject: Other\r\n\r\nx\r\n"
    )
    assert "Grüße" in page(box, "/?q=gr%C3%BC")
    assert "Other" not in page(box, "/?q=gr%C3%BC")
    assert "Other" in page(box, "/?q=R1%40EXAMPLE")
    assert "No message fits" in page(box, "/?q=nowhere")
    assert "&quot;&gt;&lt;i&gt;" in page(box, "/?q=%22%3E%3Ci%3E")


def test_an_empty_inbox_says_what_will_come(inbox: Fill) -> None:
    assert "Nothing has arrived yet" in page(inbox(), "/")


def test_nothing_of_a_message_becomes_markup(inbox: Fill) -> None:
    box = inbox(LETTER)
    for target in ("/", "/message/0"):
        answer = box.answer("GET", target)
        text = answer.body.decode()
        assert "<script" not in text
        assert "<img" not in text
        assert "&lt;script&gt;" in text
        assert "Grüße" in text
        assert "script-src" not in answer.policy
        assert "default-src 'none'" in answer.policy


def test_the_html_part_is_shown_in_a_box_of_its_own(inbox: Fill) -> None:
    box = inbox(LETTER)
    shown = box.answer("GET", "/message/0/html")
    assert b"Rich" in shown.body
    assert b'<head><base target="_blank">' in shown.body
    assert shown.policy.startswith("sandbox allow-popups")
    assert "allow-scripts" not in shown.policy
    assert "default-src 'none'" in shown.policy
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page(box, "/message/0")
    assert framed("no head").startswith('<base target="_blank">')


def test_the_source_is_the_message_octet_by_octet(inbox: Fill) -> None:
    answer = inbox(LETTER).answer("GET", "/message/0/source")
    assert answer.body == LETTER
    assert answer.kind.startswith("text/plain")
    assert b"X-Content-Type-Options: nosniff" in answer.head()


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/message/99", "404"),
        ("GET", "/message/99/html", "404"),
        ("GET", "/message/99/source", "404"),
        ("GET", "/message/-1", "404"),
        ("GET", "/../../etc/passwd", "404"),
        ("POST", "/", "405"),
        ("GET", "/?page=x", "200"),
        ("GET", "/?page=99999999999999999999", "200"),
        ("GET", "/inbox.css", "200"),
    ],
)
def test_every_address_has_an_answer(inbox: Fill, method: str, target: str, status: str) -> None:
    assert inbox(LETTER).answer(method, target).status.startswith(status)


@given(st.binary(max_size=400))
def test_no_message_is_too_strange_to_be_shown(noise: bytes) -> None:
    parse(noise)
    summary(noise)
    parse(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + noise)


@pytest.mark.parametrize(
    "value", ["=?x?q?a?=", "=?utf-8?b?!!!?=", "=?utf-8?b?a?=", "=?unknown-8bit?q?=ff?=", "\udcff"]
)
def test_a_header_that_cannot_be_decoded_is_shown_as_it_is(value: str) -> None:
    assert isinstance(readable(value), str)


def test_parts_in_parts_without_end_are_survived() -> None:
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(5000)
    )
    assert parse(b"Subject: deep\r\n" + nested).html == ""
