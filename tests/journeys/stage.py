"""Raises a whole installation for a test: the demo's DNS and relay, web, worker, engines."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

from posthouse.demo.world import World, build_world

CONFIG = Path(__file__).parents[2] / "config" / "dns.toml"
PASSWORD = "correct horse battery staple"
HANGING = 60.0  # seconds


@contextmanager
def installation(folder: Path, environment: Mapping[str, str]) -> Iterator[World]:
    """Everything but engines, as processes on the test's database; all of it stopped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(CONFIG, folder / "dns.toml")
    world = build_world(folder)
    names = ("POSTHOUSE_HOME", "POSTHOUSE_DATABASE_URL", "DJANGO_SETTINGS_MODULE")
    ours = {name: environment[name] for name in names}
    world = replace(world, environment=world.environment | ours)
    try:
        world.posthouse("web", "web", "--port", str(world.web_port))
        world.posthouse("worker", "worker")
        wait_for(world)
        yield world
    finally:
        world.parts.stop_all()


def wait_for(world: World) -> None:
    """Until the pages answer; a part that ended instead says why."""
    until = time.monotonic() + HANGING
    while True:
        world.parts.demand_alive()
        try:
            with urlopen(f"{world.site}healthz", timeout=5):
                return
        except OSError:  # not there yet, or too busy to answer
            assert time.monotonic() < until, world.parts.log("web").read_text()
            time.sleep(0.05)


def create_operator(world: World, email: str) -> None:
    """What stands before step 1 of the walkthrough: ./run operator create."""
    command = [sys.executable, "-m", "posthouse.cli.app", "operator", "create", email]
    subprocess.run(
        [*command, "--name", "Otto Operator", "--password-stdin"],
        input=PASSWORD.encode(),
        env=world.environment,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=HANGING,
    )
