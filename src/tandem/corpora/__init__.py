"""Where sentence pairs come from: each kind of corpus is one file."""
