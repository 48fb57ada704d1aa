"""Django settings of the test run: the product's own, with files of its own."""

from posthouse.config.settings import *  # noqa: F403
