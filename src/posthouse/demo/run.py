"""Runs the demo: builds the world, takes the seven steps, compares, and shows the way in."""

import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from posthouse.demo.parts import PartFailed
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
    world = build_world(folder)
    os.environ.update(world.environment)  # before Django reads its settings
    try:
        code = _play(world, console, recipients, leave)
    except PartFailed as failed:
        console.print(f"[red]{failed}[/red]")
        code = 1
    except KeyboardInterrupt:
        console.print("\nStopping.")
        code = 130
    finally:
        world.parts.stop_all()
        if home is None:
            shutil.rmtree(folder, ignore_errors=True)
    return code


def _folder(home: Path | None) -> Path:
    if home is None:
        return Path(tempfile.mkdtemp(prefix="posthouse-demo-"))
    home.mkdir(parents=True, exist_ok=True)
    if any(home.iterdir()):
        print(f"posthouse: {home} is not empty: name a new folder.", file=sys.stderr)  # noqa: T201
        raise SystemExit(2)
    return home.resolve()


def _play(world: World, console: Console, recipients: int, leave: bool) -> int:
    start_django()
    migrate()
    from posthouse.demo.steps import STEPS

    scene, done = _take_steps(world, console, recipients)
    stays = not leave and done == len(STEPS)
    if stays:
        world.posthouse("web", "web", "--port", str(world.web_port))
        world.wait_for_site()
        _show_the_way_in(world, console)
    agrees = _compare(scene, console, done)
    if stays:
        console.print("Stays up until Ctrl-C.")
        threading.Event().wait()
    return 0 if agrees and done == len(STEPS) else 1


def _take_steps(world: World, console: Console, recipients: int) -> tuple["Scene", int]:
    """What the steps have made, and how many of them came to their end."""
    from posthouse.demo.steps import STEPS, Scene, StepFailed, make_operator

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=console) as bars:
        bar = bars.add_task("", total=recipients, visible=False)

        def progress(now: int, of: int) -> None:
            bars.update(bar, completed=now, total=of, visible=now < of)

        scene = Scene(world, recipients, progress, make_operator())
        for number, step in enumerate(STEPS, 1):
            bars.update(bar, description=step.title, completed=0)
            try:
                said = step.take(scene)
            except StepFailed as failed:
                console.print(f"[red]{number}/7 {step.title}: {failed}[/red]")
                return scene, number - 1
            console.print(f"[green]{number}/7[/green] [bold]{step.title}[/bold]: {said}")
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


def _show_the_way_in(world: World, console: Console) -> None:
    from posthouse.demo.steps import OPERATOR_ADDRESS, OWNER_ADDRESS, PASSWORD

    console.print(f"\nPages:  {world.site}")
    console.print(f"        operator  {OPERATOR_ADDRESS}  {PASSWORD}")
    console.print(f"        account   {OWNER_ADDRESS}  {PASSWORD}")
    console.print(f"Inbox:  {world.inbox}  (what the relay took)\n")
