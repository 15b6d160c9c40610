"""Large translation jobs, which can be stopped and resumed. Importing this package loads no torch."""
