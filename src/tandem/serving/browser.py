"""Showing a page in the user's browser."""

import os
import sys
import threading
import webbrowser


def has_display() -> bool:
    """Tell whether a browser has a display to open a window on."""
    return sys.platform in ("win32", "darwin") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


def show(address: str) -> None:
    """Open an address in the browser, without waiting for it, which may take as long as the browser is open."""
    threading.Thread(target=webbrowser.open, args=(address,), name="browser", daemon=True).start()
