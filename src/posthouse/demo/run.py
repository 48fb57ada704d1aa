"""Runs the demo: builds the world, takes the seven steps, compares, and shows the way in."""

import os
import shutil
import signal
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from posthouse.demo.parts import PartFailed
from posthouse.demo.telling import Teller
from posthouse.demo.world import World, build_world
from posthouse.operations.starting import migrate, start_django

if TYPE_CHECKING:
    from posthouse.demo.steps import Scene

_CONFIG = Path(__file__).resolve().parents[3] / "config" / "dns.toml"


def run(*, recipients: int, leave: bool, home: Path | None) -> int:
    """0 only if all steps passed and the sink's own record agrees with the database."""
    console = Console(highlight=False, soft_wrap=True)
    folder = _folder(home)
    shutil.copy(_CONFIG, folder / "dns.toml")
    console.print(f"A world in a box, in {folder}. Everything stays on 127.0.0.1.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as undoing:
        if home is None:
            undoing.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            with console.status("Starting name servers and a relay"):
                world = build_world(folder)
            undoing.callback(world.parts.stop_all)
            os.environ.update(world.environment)  # before Django reads its settings
            return _play(world, console, recipients, leave)
        except PartFailed as failed:
            console.print(f"[red]{failed}[/red]")
            return 1
        except KeyboardInterrupt:
            console.print("\nStopping.")
            return 130


def _folder(home: Path | None) -> Path:
    if home is None:
        return Path(tempfile.mkdtemp(prefix="posthouse-demo-"))
    home.mkdir(parents=True, exist_ok=True)
    if any(home.iterdir()):
        print(f"posthouse: {home} is not empty: name a new folder.", file=sys.stderr)  # noqa: T201
        raise SystemExit(2)
    return home.resolve()


def _play(world: World, console: Console, recipients: int, leave: bool) -> int:
    with console.status("Making the database"):
        start_django()
        migrate()
    from posthouse.demo.steps import STEPS

    scene, done = _take_steps(world, console, recipients)
    stays = not leave and done == len(STEPS)
    if stays:
        with console.status("Starting the pages"):
            world.posthouse("web", "web", "--port", str(world.web_port))
            world.wait_for_site()
        _show_the_way_in(scene, console)
    agrees = _compare(scene, console, done)
    if stays:
        console.print("Stays up until Ctrl-C.")
        threading.Event().wait()
    return 0 if agrees and done == len(STEPS) else 1


def _take_steps(world: World, console: Console, recipients: int) -> tuple["Scene", int]:
    """What the steps have made, and how many of them came to their end."""
    from posthouse.demo.steps import STEPS, Scene, StepFailed, make_operator

    with Teller(console, len(STEPS)) as teller:
        scene = Scene(world, recipients, teller, make_operator())
        for number, step in enumerate(STEPS, 1):
            teller.begin(number, step.title)
            try:
                teller.say(step.take(scene))
            except StepFailed as failed:
                teller.complain(str(failed))
                return scene, number - 1
    return scene, len(STEPS)


def _compare(scene: "Scene", console: Console, done: int) -> bool:
    """Does the sink's own record agree with the rows? The last line says it in numbers."""
    from posthouse.demo.comparing import Verdict, compare

    dispatch = scene.campaign.dispatch if scene.campaign else None
    verdict = compare(dispatch, scene.world.sink_record) if dispatch else Verdict(0, 0, 0, 0, 0)
    if verdict.unexpected or verdict.disagreeing:
        console.print(
            f"[red]The relay took mail for {verdict.unexpected} who are no recipients, and "
            f"{verdict.disagreeing} rows say what its record denies. Please report it.[/red]"
        )
    rate = verdict.accepted / scene.seconds_sending if scene.seconds_sending else 0
    console.print(
        f"demo: {done}/7 steps, {verdict.accepted} accepted, {verdict.lost} lost, "
        f"{verdict.duplicated} duplicated, {rate:.0f} msg/s"
    )
    return dispatch is not None and verdict.is_clean


def _show_the_way_in(scene: "Scene", console: Console) -> None:
    from django.urls import reverse

    from posthouse.demo.steps import OPERATOR_ADDRESS, OWNER_ADDRESS, PASSWORD

    world = scene.world
    console.print(f"\nPages:  {world.site}")
    console.print(f"        operator  {OPERATOR_ADDRESS}  {PASSWORD}")
    console.print(f"        account   {OWNER_ADDRESS}  {PASSWORD}")
    if domain := scene.unfinished:
        page = reverse("domains:show", args=[domain.account.slug, domain.public_id])
        console.print(f"Doctor: {world.site.rstrip('/')}{page}")
        console.print(f"        {domain.name} with its mistakes; to mend them, edit")
        console.print(f"        {world.zones} and press “Verify DNS records”")
    console.print(f"Inbox:  {world.inbox}  (what the relay took)\n")
