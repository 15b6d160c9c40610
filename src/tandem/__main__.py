"""The command `tandem`, which `python -m tandem` is too."""

import sys


def main() -> None:
    """Run the command line. Ctrl-C ends it without a traceback, even while its modules are still being imported."""
    try:
        from tandem.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
