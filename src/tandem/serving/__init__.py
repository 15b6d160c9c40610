"""An HTTP server for models. Only the command `tandem serve` imports it; importing it loads no torch."""
