"""What can go wrong with an audience, apart from a field that is not accepted."""


class AudienceRefused(Exception):
    """Base of what is refused here; the text says what, why and what to do."""


class FileRefused(AudienceRefused):
    """A file that cannot be imported as a whole: nothing of it was."""


class ImportLost(AudienceRefused):
    """Another worker took the import over, or its list was deleted: this one stops."""


class ListBusy(AudienceRefused):
    """A list cannot be deleted while an import writes into it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} cannot be deleted now: an import into it is waiting or running. "
            "Delete the list when it is done."
        )
        self.name = name


class StartedAlready(AudienceRefused):
    """An import is started once; what it does cannot be changed afterwards."""

    def __init__(self, file_name: str) -> None:
        super().__init__(f"The import of {file_name} was started already.")
        self.file_name = file_name


class StillRunning(AudienceRefused):
    """An import is not removed while it runs."""

    def __init__(self, file_name: str) -> None:
        super().__init__(
            f"The import of {file_name} is waiting or running. It can be removed when it is done."
        )
        self.file_name = file_name


class LeavesAlone(AudienceRefused):
    """Some suppressions are not an account's to lift."""

    def __init__(self, address: str, because: str) -> None:
        super().__init__(f"The suppression of {address} cannot be lifted here: {because}")
        self.address, self.because = address, because
