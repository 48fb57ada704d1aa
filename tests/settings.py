"""Django settings of the test run: the product's own, with files and a database of its own."""

import atexit
import os
import shutil
import tempfile

from tests import postgres

HOME_OF_RUN = tempfile.mkdtemp(prefix="posthouse-test-")
atexit.register(shutil.rmtree, HOME_OF_RUN, ignore_errors=True)
os.environ["POSTHOUSE_HOME"] = HOME_OF_RUN  # before the product's settings read it
os.environ.pop("POSTHOUSE_BASE_URL", None)
if os.environ.get("POSTHOUSE_TEST_DATABASE", "sqlite") == "postgres":
    os.environ["POSTHOUSE_DATABASE_URL"] = postgres.address()
else:
    os.environ["POSTHOUSE_DATABASE_URL"] = f"sqlite:///{HOME_OF_RUN}/posthouse.db"

from posthouse.config.settings import *  # noqa: E402, F403
from posthouse.config.settings import DATABASES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in production: an in-memory database has no WAL and no second process.
    DATABASES["default"]["TEST"] = {"NAME": f"{HOME_OF_RUN}/test.db"}

ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
PASSWORD_HASHERS = ["tests.settings.CheapArgon2"]


from django.contrib.auth.hashers import Argon2PasswordHasher  # noqa: E402


class CheapArgon2(Argon2PasswordHasher):
    """Argon2 with costs that let a test sign in a hundred times."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
