"""How the demo tells its story in a terminal: steps, how far they are, what the doctor says."""

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:  # models are there only once Django has its settings
    from posthouse.domains.models import DomainRecord

_WIDEST = 96  # columns; longer lines are hard to read
_COLOURS = {"wrong": "red", "not_yet": "yellow"}


class Teller:
    """Says how the steps go, one after the other, with a bar below while one takes its time."""

    def __init__(self, console: Console, steps: int) -> None:
        self._console = console
        self._steps = steps
        self._number, self._title = 0, ""
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
        self._bars = Progress(*columns, console=console)
        self._bar = self._bars.add_task("", visible=False)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.update(self._bar, visible=False)
        self._bars.stop()

    def begin(self, number: int, title: str) -> None:
        """What is said from now on is about this step."""
        self._number, self._title = number, title
        self._bars.reset(self._bar, description=title, total=None, visible=True)

    def say(self, sentence: str) -> None:
        """A sentence about the present step."""
        head = f"[green]{self._number}/{self._steps}[/green] [bold]{self._title}[/bold]"
        self._console.print(f"{head}: {escape(sentence)}")

    def complain(self, sentence: str) -> None:
        """Why the present step did not come to its end."""
        said = f"{self._number}/{self._steps} {self._title}: {escape(sentence)}"
        self._console.print(f"[red]{said}[/red]")

    def progress(self, done: int, of: int) -> None:
        """How far the present step is; until it is told, the bar only shows that it goes on."""
        self._bars.update(self._bar, completed=done, total=of, visible=done < of)

    def findings(self, rows: Iterable["DomainRecord"]) -> None:
        """Each record with its state, what is the matter with it, and what to do next."""
        shown = Padding(Group(*map(_finding, rows)), (0, 0, 1, 4), expand=False)
        self._console.print(Constrain(shown, _WIDEST), soft_wrap=False)


def _finding(row: "DomainRecord") -> RenderableType:
    said = Table.grid(padding=(0, 1))
    said.add_column()
    said.add_column(overflow="fold")  # a value must not lose its end
    said.add_row("", Text(row.finding))
    said.add_row("→", Text(row.advice))
    state = row.get_state_display(), _COLOURS.get(row.state, "")
    return Group("", Text.assemble(state, f"  {row.host} {row.type}"), said)
