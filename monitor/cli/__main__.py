"""`python -m monitor.cli` is `watchkeeper`."""

from monitor.cli import main

main()
