"""HTTP/1.1 as uvicorn speaks it, but for a request that turns out to be broken while it is answered."""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Protocol(H11Protocol):
    """A connection on which nothing follows a refusal.

    uvicorn refuses a broken body although an answer may be under way, which then fails, and fills the log.
    """

    def send_400_response(self, msg: str) -> None:
        """Refuse what came if no answer has begun, hang up, and let the application know that the client is gone."""
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()
