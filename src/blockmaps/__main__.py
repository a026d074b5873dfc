"""Run the command line as ``python -m blockmaps``."""

from blockmaps.cli import main

main()
