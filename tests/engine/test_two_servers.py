"""R02 beside R10: a dedicated and a shared server at once; nothing leaves by the wrong one."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from email import message_from_bytes
from pathlib import Path
from threading import Event, Thread

from posthouse.accounts import access
from posthouse.accounts.models import Account
from posthouse.campaigns.models import Campaign
from posthouse.core.channels import Channel
from posthouse.demo.record import StoredMessage
from posthouse.demo.sink import Sink
from posthouse.servers.models import Allocation
from tests.engine.conftest import House, send
from tests.factories import make_account
from tests.sending import Sending, make_sending

MEMBERS = 120


@contextmanager
def relay_at(host: str, store: Path) -> Iterator[Sink]:
    """An SMTP server of its own at this address, in a thread."""
    sink, ready, over = Sink(store, host=host, http_port=None), Event(), Event()

    async def serve() -> None:
        await sink.start()
        ready.set()
        await asyncio.to_thread(over.wait)
        await sink.stop()

    thread = Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield sink
    finally:
        over.set()
        thread.join()


def through(account: Account, sink: Sink, source: str, bounces: str) -> Sending:
    """An account that sends through this relay, from a source address of its own."""
    sending = make_sending(account, MEMBERS, sink.smtp_port)
    server = sending.server
    server.host, server.source_ip, server.mfrom_domain = sink.host, source, bounces
    server.save()
    return sending


def taken(sink: Sink) -> list[StoredMessage]:
    return [sink.record[n] for n in range(len(sink.record))]


def test_two_accounts_at_once_each_by_its_own_server_address_and_identity(
    account: Account, house: House, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        dedicated = stack.enter_context(relay_at("127.0.0.2", tmp_path / "dedicated"))
        shared = stack.enter_context(relay_at("127.0.0.3", tmp_path / "shared"))
        with access.across_tenants():
            theirs = through(account, dedicated, "127.0.0.4", "own.example.net")
            ours = through(
                make_account(group=account.group), shared, "127.0.0.5", "all.example.net"
            )
            # The second account has no server of its own: it sends through its group's.
            Allocation.objects.filter(account=ours.account).delete()
            Allocation.objects.create(
                group=account.group, channel=Channel.MARKETING, server=ours.server
            )
        campaigns = [send(theirs), send(ours)]
        house.worker()
        house.engine("e1")
        house.engine("e2")
        for campaign in campaigns:
            house.wait_for_state(campaign, Campaign.State.SENT)

        assert set(dedicated.state.sources) == {"127.0.0.4"}
        assert set(shared.state.sources) == {"127.0.0.5"}
        for sink, sending in ((dedicated, theirs), (shared, ours)):
            messages = taken(sink)
            domain = sending.domain
            assert len({one.recipient for one in messages}) == len(messages) == MEMBERS
            assert {one.mail_from.partition("@")[2] for one in messages} == {domain.mfrom_host}
            froms = {message_from_bytes(one.content)["From"] for one in messages}
            assert froms == {f"Harbour Books <news@{domain.name}>"}
