"""Big jobs: lines in, translations out, in a file that is complete or can be gone on with. Imports no torch."""
