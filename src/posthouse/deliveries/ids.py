"""Delivery ids: 63-bit numbers ordered by time, made by us, so that partitions are id ranges."""

import secrets
import time

BLOCK = 1024  # ids in a block; a batch never has more rows
_EPOCH_MS = 1_704_067_200_000  # 2024-01-01T00:00:00Z


def new_block() -> int:
    """The first id of a fresh block of BLOCK ids: 41 bits of milliseconds, 12 random, 10 to count.

    Two processes may draw the same block in the same millisecond once in 4096 times; the primary
    key then refuses the second, and its transaction is tried again.
    """
    milliseconds = time.time_ns() // 1_000_000 - _EPOCH_MS
    return (milliseconds << 22) | (secrets.randbits(12) << 10)
