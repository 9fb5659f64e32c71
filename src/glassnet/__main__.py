"""``python -m glassnet``, and what the command ``glassnet`` calls: light, so that Ctrl-C is an answer even while modules are imported."""

from __future__ import annotations

import os
import sys


def run() -> None:
    """Run the command line and leave with its exit status."""
    try:
        from glassnet.cli import main

        main(prog_name="glassnet")
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.stderr.flush()
        os._exit(130)  # half-imported modules cannot be trusted to end in order


if __name__ == "__main__":
    run()
