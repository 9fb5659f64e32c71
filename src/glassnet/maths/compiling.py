"""How a formula becomes machine code: one decorator for every kernel of the library.

``kernel`` compiles a function of arrays with Numba, once per dtype, and keeps the machine code in a cache on disk.
Sums may be reordered and products fused, but nan and infinity keep their meaning, so a fused loop runs at vector speed
while a number that has run away still reaches the training loop and is caught there.

Kernels that a kernel calls become part of it. Left as calls, they would run the code they were compiled to by themselves in the process
that compiles, and the code of the caller's file, added up in another order, in all later ones: the first run would differ in its last bits.

The first run of an installation compiles, which takes some seconds. Loops are written out where NumPy's short forms (a slice set to a
slice, ``sum``, ``abs`` of an array) would have the compiler unfold errors that cannot happen, a second or two each.

``NUMBA_DISABLE_JIT=1`` leaves every kernel plain Python, for a debugger and for a test of the formulas themselves.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba.core import event

F = TypeVar("F", bound=Callable[..., Any])

REORDERED = {"contract", "reassoc", "nsz", "arcp"}
"""What a kernel's loops may do to a sum: fuse, reorder, ignore the sign of zero, multiply by a reciprocal."""

EXACT = {"contract", "nsz"}
"""What a scalar formula may do whose terms must be added in the order written (argument reduction)."""


COMMON: dict[str, Any] = {"fastmath": REORDERED, "error_model": "numpy", "nogil": True}


def kernel(function: F) -> F:
    """Compile ``function``; it may be called from Python and from other kernels, and releases the interpreter lock."""
    return _compiled(function, forceinline=True, no_cfunc_wrapper=True)


def inlined(function: F) -> F:
    """A kernel whose lines are written into its callers before they are compiled, so that it is compiled once and not twice.

    For short ones, and for those that do little but call others: what has many branches takes the compiler longer that way.
    """
    return _compiled(function, inline="always")


def _compiled(function: F, **options: Any) -> F:
    try:
        return cast(F, numba.njit(cache=True, **COMMON, **options)(function))
    except RuntimeError:  # no folder for the cache can be written: a read-only installation without a home
        return cast(F, numba.njit(**COMMON, **options)(function))


class Uncollected(event.Listener):
    """Lets no garbage be collected while Numba compiles: it makes millions of small objects and keeps most of them."""

    depth = 0
    paused = False

    def on_start(self, event: event.Event) -> None:
        """Numba begins to compile a function, perhaps in the middle of another."""
        self.depth += 1
        if self.depth == 1 and gc.isenabled():
            gc.disable()
            self.paused = True

    def on_end(self, event: event.Event) -> None:
        """It is compiled, or could not be."""
        self.depth -= 1
        if self.depth == 0 and self.paused:
            self.paused = False
            gc.enable()


class Announcement(event.Listener):
    """Says on stderr, once per process, that a first use takes a few seconds; kernels in the cache are not compiled."""

    silent = False

    def on_start(self, event: event.Event) -> None:
        """Numba begins to compile a function."""
        function = getattr(event.data.get("dispatcher"), "py_func", None)
        if not self.silent and sys.stderr is not None and str(getattr(function, "__module__", "")).startswith("glassnet."):
            sys.stderr.write("glassnet: compiling kernels, a few seconds; they are kept for next time ...\n")
            self.silent = True

    def on_end(self, event: event.Event) -> None:
        """Nothing to say."""


announcement = Announcement()
"""Set ``announcement.silent = True`` to hear nothing of it."""

event.register("numba:compile", announcement)  # type: ignore[no-untyped-call]
event.register("numba:compile", Uncollected())  # type: ignore[no-untyped-call]
