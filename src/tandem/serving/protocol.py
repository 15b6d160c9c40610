"""HTTP/1.1 as uvicorn speaks it, except for requests that break the protocol."""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from tandem.serving.refusals import own_form
from tandem.translation.forms import json_line

NOT_HTTP = json_line(own_form(400, "the request is not valid HTTP"))
"""The body of the answer to a request that breaks the protocol."""


class Protocol(H11Protocol):
    """A connection on which nothing follows a refusal.

    uvicorn refuses a broken body although an answer may be under way, which then fails, and fills the log.
    """

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's method; the log has its message
        """Refuse what came if no answer has begun, hang up, and let the application know that the client is gone."""
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            headers = [
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(NOT_HTTP))),
                ("Connection", "close"),
            ]
            events = (
                h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
                h11.Data(NOT_HTTP),
                h11.EndOfMessage(),
            )
            # All at once: the client may still be sending, so that hanging up resets the connection, and what it has
            # not yet received is lost.
            self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        self.transport.close()
