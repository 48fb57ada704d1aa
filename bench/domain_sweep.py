"""How long a background check of many sender domains takes: time, memory, look-ups per domain.

The demo's name servers hold a zone for each domain, one in fifty of them with a record missing; the
sweep runs in a process of its own, so that its memory is nobody else's.

    python bench/domain_sweep.py [DOMAINS]
"""

# ruff: noqa: PLC0415 - Django is imported when its settings are there
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
from rich.console import Console

from posthouse.core.dns.records import Record, RecordType, record
from posthouse.demo.dns.zones import create

DOMAINS = 10_000
BROKEN_EVERY = 50
MASTER = "mailer.example.net"


def main() -> None:
    """Prepares the world, sweeps twice (the second time nothing changes), prints the figures."""
    if os.environ.get("POSTHOUSE_BENCH_SWEEP"):
        sys.stdout.write(json.dumps(_sweep()))
        return
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DOMAINS
    console = Console()
    with tempfile.TemporaryDirectory() as home:
        console.print(f"adding {count:,} domains ...")
        zones = Path(home) / "zones.json"
        environment = _environment(home)
        os.environ.update(environment)
        create(zones, _prepare(count))
        command = [sys.executable, "-m", "posthouse.demo.dns", "--zones", str(zones)]
        servers = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603
        try:
            assert servers.stdout
            ready = json.loads(servers.stdout.readline())
            environment["POSTHOUSE_DNS_RESOLVERS"] = ready["recursor"]
            environment["POSTHOUSE_DNS_AUTHORITY_PORT"] = ready["authority"].rpartition(":")[2]
            for title in ("approval pending to Enabled", "Enabled, nothing changes"):
                _print(console, title, _in_a_process(environment))
        finally:
            servers.terminate()
            servers.wait()


def _environment(home: str) -> dict[str, str]:
    return dict(os.environ) | {
        "POSTHOUSE_HOME": home,
        "POSTHOUSE_DATABASE_URL": f"sqlite:///{home}/posthouse.db",
        "DJANGO_SETTINGS_MODULE": "posthouse.config.settings",
        "POSTHOUSE_LOG_LEVEL": "WARNING",
    }


def _prepare(count: int) -> dict[str, list[Record]]:
    """Adds the domains to a new database; the zones that they ask for."""
    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    from posthouse.accounts import access, services
    from posthouse.accounts.actors import SYSTEM
    from posthouse.domains import services as domains

    call_command("migrate", verbosity=0)
    group = services.create_group(SYSTEM, name="bench")
    account = services.create_account(SYSTEM, name="bench", group=group)
    zones = {"example.net": [*_master()]}
    with transaction.atomic(), access.tenant(account):
        for number in range(count):
            zone = f"customer-{number}.example"
            rows = list(domains.add(SYSTEM, account, f"mail.{zone}").records.order_by("position"))
            kept = rows[1:] if number % BROKEN_EVERY == 0 else rows
            zones[zone] = [record(r.host, RecordType(r.type), r.value) for r in kept]
    return zones


def _master() -> tuple[Record, ...]:
    return (
        record(MASTER, RecordType.A, "127.0.0.1"),
        record(MASTER, RecordType.TXT, "v=spf1 ip4:127.0.0.1 -all"),
        record(f"_dmarc.{MASTER}", RecordType.TXT, "v=DMARC1; p=none; adkim=r; aspf=r"),
        record(f"key1._domainkey.{MASTER}", RecordType.TXT, "v=DKIM1; k=rsa; p=AAAA"),
        record(f"track.{MASTER}", RecordType.A, "127.0.0.1"),
    )


def _in_a_process(environment: dict[str, str]) -> dict[str, Any]:
    environment = environment | {"POSTHOUSE_BENCH_SWEEP": "1"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, *sys.argv], env=environment, stdout=subprocess.PIPE, check=True
    )
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _sweep() -> dict[str, Any]:
    """Makes every domain due and checks them all; the figures."""
    django.setup()
    from django.utils import timezone

    from posthouse.accounts import access
    from posthouse.domains import resolver, sweep
    from posthouse.domains.models import SenderDomain

    asked = 0
    exchange = vars(resolver)["exchange"]

    async def counting(*arguments: Any, **options: Any) -> Any:
        nonlocal asked
        asked += 1
        return await exchange(*arguments, **options)

    vars(resolver)["exchange"] = counting
    with access.across_tenants():
        count = SenderDomain.objects.update(next_check_at=timezone.now() - timedelta(days=1))
        before = _peak()
        start, used = time.monotonic(), time.process_time()
        sweep.check_due()
        return {
            "domains": count,
            "seconds": time.monotonic() - start,
            "processor": time.process_time() - used,
            "asked": asked,
            "before": before,
            "peak": _peak(),
            "states": Counter(SenderDomain.objects.values_list("status", flat=True)),
        }


def _peak() -> int:
    """The most memory that this process ever had, in kB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def _print(console: Console, title: str, found: dict[str, Any]) -> None:
    console.print(f"[bold]{title}[/bold]")
    console.print(f"  {found['domains']:,} domains in {found['seconds']:.1f} s", end=", ")
    console.print(f"{found['domains'] / found['seconds']:.0f} a second", end=", ")
    console.print(f"{found['processor']:.1f} s of processor time")
    console.print(f"  {found['asked'] / found['domains']:.1f} look-ups per domain")
    console.print(f"  peak memory {found['peak'] / 1024:.0f} MB", end=" ")
    console.print(f"({found['before'] / 1024:.0f} MB before the sweep)")
    console.print(f"  states: {found['states']}")


if __name__ == "__main__":
    main()
