"""The socket that the server listens on."""

import socket
from contextlib import ExitStack

from tandem.errors import TandemError


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket that is bound but not yet listening. Raise TandemError if the address cannot be used."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as stack:
            bound = stack.enter_context(socket.socket(family, kind, protocol))
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            stack.pop_all()  # it stays open
    except (OSError, UnicodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "this is no host's name"
        raise TandemError(f"{host}, port {port}: cannot be served there: {said}. See --host and --port") from error
    return bound


def address_of(bound: socket.socket) -> str:
    """Return the address of a socket as a URL."""
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
