"""What can go wrong with webhooks, in sentences that a person can act on."""


class WebhookRefused(Exception):
    """Base of the refusals."""


class SwitchedOff(WebhookRefused):
    """Nothing is sent to a webhook that is off."""

    def __init__(self, url: str) -> None:
        super().__init__(f"The webhook {url} is off. Switch it on first, then send again.")
        self.url = url


class StillWaiting(WebhookRefused):
    """A call that has not ended is made again anyway."""

    def __init__(self) -> None:
        super().__init__("This call is still waiting: it is made by itself.")
