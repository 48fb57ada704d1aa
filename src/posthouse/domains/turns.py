"""Lets those who may take or lose a name below one registered domain go one after the other."""

import hashlib

from django.db import connection


def take_turn(registered: str) -> None:
    """Waits until nobody else decides about names of this registered domain; holds to the end of
    the transaction.

    To be called before the first row is read or locked: then what is read stays true, and two who
    wait for each other's rows cannot be. SQLite has one writer at a time anyway.
    """
    if connection.vendor != "postgresql":
        return
    octets = hashlib.blake2b(f"sender domains of {registered}".encode(), digest_size=8).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(octets, signed=True)])
