"""The surroundings of every test: one BLAS thread per process, figures without a screen, drawn examples that can be repeated."""

from __future__ import annotations

import getpass
import hashlib
import os
import tempfile
from pathlib import Path

# Several test processes run side by side; this must stand before the first import of NumPy.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ["MPLBACKEND"] = "Agg"

# Processes that a test starts find the package where the tests find it.
SOURCE = str(Path(__file__).parents[1] / "src")
os.environ["PYTHONPATH"] = os.pathsep.join([SOURCE, *filter(None, [os.environ.get("PYTHONPATH")])])

# Numba's cache does not notice when a formula changes that is compiled into the kernels of another file; a cache per text of them does.
kernels = sorted(path for room in ("maths", "networks", "training", "data") for path in (Path(SOURCE) / "glassnet" / room).rglob("*.py"))
text = hashlib.sha256(b"".join(path.read_bytes() for path in kernels)).hexdigest()[:12]
if "NUMBA_CACHE_DIR" not in os.environ:
    cache = Path(tempfile.gettempdir()) / f"glassnet-kernels-{getpass.getuser()}-{text}"
    cache.mkdir(mode=0o700, exist_ok=True)
    os.environ["NUMBA_CACHE_DIR"] = str(cache)

from hypothesis import settings  # noqa: E402

settings.register_profile("default", deadline=None)  # a first call may compile
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "default")
