"""Ports of this machine."""

import socket
from typing import Final

from billing_pipeline.domain.errors import Broken

HOST: Final = "127.0.0.1"


def free_port(port: int, option: str, host: str = HOST) -> int:
    """The same port, when a server could listen on it now. option: named in the remedy, such as '--port'.

    Raises Broken when another program listens there or the system forbids it.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        # As servers do: a port that only waits for old connections to fade counts as free.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "ports end at 65535"
            raise Broken(f"cannot listen on {host}:{port} ({reason}): choose another one with {option}") from error
    return port
