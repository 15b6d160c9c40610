"""`python -m tandem`: the same as the command `tandem`."""

from tandem.cli import main

main()
