"""What touches the disk: atomic files and directories, lines, locks and sums."""
