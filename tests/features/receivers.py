"""The fixture `receiver`: use it with `pytest_plugins = ["tests.features.receivers"]`."""

from collections.abc import Iterator

import pytest

from tests.fakes.receiver import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A customer's program that webhooks call."""
    made = Receiver()
    yield made
    made.close()
