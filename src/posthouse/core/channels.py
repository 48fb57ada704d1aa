"""The three kinds of mail that are routed, retried and limited apart."""

from enum import StrEnum


class Channel(StrEnum):
    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"
    AUTORESPONDER = "autoresponder"
