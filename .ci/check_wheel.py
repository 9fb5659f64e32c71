"""The built wheel is one pure-Python wheel that holds the package, its licence and nothing else."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"


def faults_of(dist: Path) -> list[str]:
    """What is wrong with the wheel in ``dist``, in sentences."""
    wheels = sorted(dist.glob("*.whl"))
    if len(wheels) != 1 or not wheels[0].name.endswith("-py3-none-any.whl"):
        return [f"one py3-none-any wheel is expected in {dist}; found {[wheel.name for wheel in wheels]}"]
    with zipfile.ZipFile(wheels[0]) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    info = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    expected = {
        path.relative_to(SOURCE).as_posix()
        for path in (SOURCE / "glassnet").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    faults = [f"missing from the wheel: {name}" for name in sorted(expected - names)]
    faults += [f"not part of the package, yet in the wheel: {name}" for name in sorted(names - info - expected)]
    if not any(name.endswith("licenses/LICENSE") for name in info):
        faults.append("the licence is missing from the wheel")
    if not any(name.endswith("entry_points.txt") for name in info):
        faults.append("the glassnet command is missing from the wheel")
    return faults


if __name__ == "__main__":
    faults = faults_of(Path(sys.argv[1]))
    print("\n".join(faults) or "the wheel holds the package, its licence and its command")
    sys.exit(bool(faults))
