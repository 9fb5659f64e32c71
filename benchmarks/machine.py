"""What the figures were measured on: processor, cores, memory, system, and the versions of everything that took part."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

import glassnet

PEERS = ("numpy", "scipy", "numba", "scikit-learn", "torch", "jax", "onnxruntime", "scikit-learn-intelex")


def machine() -> str:
    """Processor, cores this process may use, memory, system."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} core{'' if cores == 1 else 's'}{_memory()}, {platform.system()}, Python {platform.python_version()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _memory() -> str:
    try:
        return f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB"
    except (AttributeError, ValueError, OSError):
        return ""


def version(package: str) -> str | None:
    """The installed version of a distribution, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def versions(packages: tuple[str, ...] = PEERS) -> str:
    """glassnet's version and those of ``packages``, in one line."""
    known = [f"{package} {version(package) or 'not installed'}" for package in packages]
    return ", ".join([f"glassnet {glassnet.__version__}", *known])
