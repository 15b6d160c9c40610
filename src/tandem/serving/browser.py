"""Showing a page in the user's browser."""

import os
import sys
import threading
import webbrowser


def has_display() -> bool:
    """Return whether there is a display on which a browser can open a window."""
    return sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


def show(address: str) -> None:
    """Open an address in the browser in a thread, since the call may not return before the browser is closed."""
    threading.Thread(target=webbrowser.open, args=(address,), name="browser", daemon=True).start()
