"""The command `tandem`, which `python -m tandem` is too."""

import gc
import sys


def main() -> None:
    """Run the command line. Ctrl-C ends it without a traceback, even while its modules are still being imported."""
    gc.set_threshold(20_000)  # imports make many objects and no garbage: a tenth of a short command went into looking
    try:
        from tandem.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
