"""The one word, icon and tone of every state, wherever a person sees it."""

from dataclasses import dataclass
from typing import Literal

Tone = Literal["green", "blue", "purple", "yellow", "orange", "red", "grey"]


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown; `icon` is a name from frontend/icons.txt."""

    word: str
    icon: str
    tone: Tone


COULD_NOT_CHECK = Look("Could not check", "clock", "grey")

LOOKS: dict[str, dict[str, Look]] = {
    "domain": {
        "approval_pending": Look("Approval Pending", "hourglass", "yellow"),
        "enabled": Look("Enabled", "check", "green"),
        "disabled": Look("Disabled", "player-pause", "grey"),
        "suspended": Look("Suspended", "lock", "red"),
        "deleted": Look("Deleted", "trash", "grey"),
        "could_not_check": COULD_NOT_CHECK,
    },
    "record": {  # one DNS record that a domain must publish
        "ok": Look("OK", "check", "green"),
        "not_yet": Look("Not yet", "hourglass", "yellow"),
        "wrong": Look("Wrong", "x", "red"),
        "could_not_check": COULD_NOT_CHECK,
        "not_checked": Look("Not checked", "circle-dashed", "grey"),
    },
    "key": {  # a DKIM key of a sender domain's own
        "waiting": Look("Waits for its record", "hourglass", "yellow"),
        "signing": Look("Signs", "check", "green"),
        "retired": Look("Retired", "archive", "grey"),
    },
    "check": {  # how a check of a domain ended, and how a day of checks did
        "verified": Look("All right", "check", "green"),
        "failed": Look("Failed", "x", "red"),
        "could_not_check": COULD_NOT_CHECK,
        "none": Look("Not checked", "circle-dashed", "grey"),
    },
    "campaign": {
        "draft": Look("Draft", "pencil", "grey"),
        "waiting_for_approval": Look("Waiting for approval", "hourglass", "yellow"),
        "scheduled": Look("Scheduled", "calendar", "blue"),
        "queued": Look("Queued", "stack", "blue"),
        "sending": Look("Sending", "send", "blue"),
        "pausing": Look("Pausing", "player-pause", "yellow"),
        "paused": Look("Paused", "player-pause", "yellow"),
        "sent": Look("Sent", "check", "green"),
        "cancelled": Look("Cancelled", "ban", "grey"),
        "failed": Look("Failed", "alert-triangle", "red"),
    },
    "delivery": {
        "pending": Look("Waiting", "clock", "grey"),
        "sending": Look("Sending", "send", "blue"),
        "accepted": Look("Accepted", "check", "green"),
        "deferred": Look("Deferred", "rotate-clockwise", "yellow"),
        "failed": Look("Failed", "x", "red"),
        "uncertain": Look("Uncertain", "help", "purple"),
        "skipped": Look("Skipped", "ban", "grey"),
    },
    "dispatch": {
        "running": Look("Running", "send", "blue"),
        "held": Look("At a limit", "player-pause", "yellow"),
        "pausing": Look("Pausing", "player-pause", "yellow"),
        "paused": Look("Paused", "player-pause", "yellow"),
        "cancelled": Look("Cancelled", "ban", "grey"),
        "done": Look("Done", "check", "green"),
    },
    "batch": {
        "pending": Look("Waiting", "clock", "grey"),
        "claimed": Look("Claimed", "send", "blue"),
        "settled": Look("Settled", "check", "green"),
    },
    "test": {  # a delivery server's connection test (R13)
        "ok": Look("Works", "check", "green"),
        "failed": Look("Failed", "x", "red"),
        "never": Look("Never tested", "circle-dashed", "grey"),
        "running": Look("Testing", "loader", "blue"),
    },
    "server": {
        "active": Look("Active", "check", "green"),
        "paused": Look("Paused", "player-pause", "yellow"),
        "retired": Look("Retired", "archive", "grey"),
    },
    "channel": {  # R15: the badges M, T and AR say who sends through a server
        "marketing": Look("M", "speakerphone", "blue"),
        "transactional": Look("T", "receipt", "green"),
        "autoresponder": Look("AR", "robot", "purple"),
        "fallback": Look("Rest", "stack", "grey"),
        "none": Look("Not Allocated", "unlink", "grey"),
    },
    "finding": {  # what a check of the installation came to
        "trouble": Look("Trouble", "alert-triangle", "red"),
        "missing": Look("Missing", "circle-dashed", "yellow"),
        "advice": Look("Advice", "info-circle", "blue"),
        "fine": Look("Fine", "check", "green"),
    },
    "engine": {
        "starting": Look("Starting", "loader", "blue"),
        "running": Look("Running", "check", "green"),
        "draining": Look("Draining", "hourglass", "yellow"),
        "stopped": Look("Stopped", "player-stop", "grey"),
        "not answering": Look("Not answering", "alert-triangle", "red"),
    },
    "job": {  # imports, exports and other work in the background
        "waiting": Look("Waiting", "clock", "grey"),
        "uploaded": Look("Not started", "circle-dashed", "grey"),
        "queued": Look("Waiting", "clock", "grey"),
        "running": Look("Running", "loader", "blue"),
        "done": Look("Done", "check", "green"),
        "failed": Look("Failed", "x", "red"),
    },
    "webhook": {
        "on": Look("On", "check", "green"),
        "failing": Look("Failing", "alert-triangle", "yellow"),
        "off": Look("Off", "player-pause", "grey"),
    },
    "call": {  # one event on its way to one webhook
        "pending": Look("Waiting", "clock", "grey"),
        "delivered": Look("Delivered", "check", "green"),
        "failed": Look("Failed", "x", "red"),
    },
    "account": {
        "active": Look("Active", "check", "green"),
        "good": Look("Good", "check", "green"),
        "watched": Look("Watched", "eye", "yellow"),
        "suspended": Look("Suspended", "lock", "red"),
        "disabled": Look("Disabled", "ban", "grey"),
    },
    "subscriber": {
        "subscribed": Look("Subscribed", "check", "green"),
        "unconfirmed": Look("Unconfirmed", "hourglass", "yellow"),
        "unsubscribed": Look("Unsubscribed", "user-off", "grey"),
        "suppressed": Look("Suppressed", "ban", "red"),  # whatever the membership says
    },
    "suppression": {
        "manual": Look("Entered by a person", "user-off", "grey"),
        "unsubscribed": Look("Unsubscribed", "user-off", "grey"),
        "bounced": Look("Bounced for good", "mail-off", "red"),
        "complained": Look("Complained", "alert-triangle", "red"),
    },
}


def look(kind: str, state: str) -> Look:
    """The look of a state; a state that the table does not know keeps its own word, in grey.

    Unknown kinds are a programming error and raise KeyError.
    """
    return LOOKS[kind].get(state) or Look(state.replace("_", " ").capitalize(), "point", "grey")
