"""What a command makes sure of before it starts anything."""

import socket

from posthouse.cli.starting import fail


def demand_free(host: str, port: int) -> None:
    """Ends the command with a sentence if the port cannot be listened on."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except PermissionError:
            fail(f"port {port} is reserved for the system: choose one above 1023 with --port.")
        except OSError:
            fail(f"port {port} is taken by another program: choose another with --port.")


def demand_dns_templates() -> None:
    """Ends the command, saying line and reason, if the DNS templates cannot be used."""
    from posthouse.accounts.dns_configuration import ConfigurationUnreadable, configuration

    try:
        configuration()
    except ConfigurationUnreadable as error:
        fail(str(error))
