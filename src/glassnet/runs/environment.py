"""What a run was made with: versions and the machine, as plain values that a file keeps."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version

from glassnet import __version__

PACKAGES = ("numpy", "scipy", "numba", "scikit-learn", "polars")


def environment() -> dict[str, str]:
    """When, with which versions, and on what kind of machine; no name of a host or a user."""
    return {
        "finished": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "glassnet": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
    }
