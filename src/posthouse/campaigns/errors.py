"""What can go wrong with campaigns, apart from a field that is not accepted."""

from datetime import timedelta


class CampaignRefused(Exception):
    """Base of what is refused here; the text says what, why and what to do."""


_PAST = {"send": "sent", "pause": "paused", "resume": "resumed", "cancel": "cancelled"}


class MoveRefused(CampaignRefused):
    """A verb that the campaign's state does not allow."""

    def __init__(self, name: str, verb: str, state: str) -> None:
        super().__init__(f"{name} cannot be {_PAST.get(verb, verb)}: it is {state}.")
        self.name, self.verb, self.state = name, verb, state


class NoDraft(CampaignRefused):
    """Only a draft can be changed or deleted: what was sent stays as it was."""

    def __init__(self, name: str, verb: str, state: str) -> None:
        super().__init__(
            f"{name} cannot be {verb}: it is {state}. Duplicate it, and change the copy."
        )
        self.name, self.verb, self.state = name, verb, state


class ChangedMeanwhile(CampaignRefused):
    """Somebody else changed the draft after this person opened it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Somebody changed {name} after you opened it. Nothing of yours was saved yet: look "
            "at their version in another window, then save again to put yours in its place."
        )
        self.name = name


class ChangedSinceReview(CampaignRefused):
    """What is about to be sent is not what the person has looked at."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Somebody changed {name} while you were looking at it. Nothing was sent. "
            "Look at it again, then send."
        )
        self.name = name


class TooManyTests(CampaignRefused):
    """Test messages are for a few people; beyond that a stolen sign-in could send with them."""

    def __init__(self, most: int, per: timedelta) -> None:
        minutes = round(per.total_seconds() / 60)
        super().__init__(
            f"An account can send {most} test messages in {minutes} minutes, and these would be "
            "more. Wait a while, or make a list of your colleagues and send to it."
        )
        self.most, self.per = most, per


class NoRoute(CampaignRefused):
    """Resumed, it would be paused again at once: the engine would find no way to send it."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(f"{name} cannot be resumed yet: {sentence}")
        self.name = name
