"""Runs the demo's name servers as a process of its own: `python -m posthouse.demo.dns`."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from posthouse.demo.dns.world import DemoDns
from posthouse.demo.dns.zones import ZonesUnreadable


def main() -> int:
    """Serves until SIGTERM or SIGINT; prints one line of JSON with the addresses when ready."""
    parser = argparse.ArgumentParser(
        prog="python -m posthouse.demo.dns",
        description="An authoritative name server and a recursor for the demo, on loopback.",
        epilog="The zone file is read again whenever it changes.",
    )
    parser.add_argument("--zones", type=Path, required=True, metavar="FILE.json")
    arguments = parser.parse_args()
    try:
        asyncio.run(_serve(arguments.zones))
    except ZonesUnreadable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


async def _serve(zone_file: Path) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    servers = DemoDns(zone_file)
    await servers.start()
    addresses = {"recursor": servers.recursor, "authority": servers.authority}
    ready = {role: f"{host}:{port}" for role, (host, port) in addresses.items()}
    sys.stdout.write(f"{json.dumps(ready)}\n")
    sys.stdout.flush()
    await ended.wait()
    await servers.stop()


if __name__ == "__main__":
    sys.exit(main())
