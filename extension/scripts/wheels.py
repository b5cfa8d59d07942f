"""Fetches the wheels that the sidecar needs on one platform, for every Python that it runs on.

    python scripts/wheels.py TARGET FOLDER

TARGET is a platform as VS Code names it, such as linux-x64. FOLDER gets the wheels and `manifest.json`: which of them
each Python takes, by its minor version. What is there already is not fetched again. Needs pip and a network.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import canonicalize_name, parse_wheel_filename

LOCK = Path(__file__).parents[2] / "sidecar" / "requirements.lock"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# A target's wheel platforms, the best first, and what its markers see: `sys.platform` and the machine.
MACS = ("11_0", "10_15", "10_14", "10_13", "10_12", "10_9")
TARGETS = {
    "linux-x64": (("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"), "linux", "x86_64"),
    "linux-arm64": (("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"), "linux", "aarch64"),
    "alpine-x64": (("musllinux_1_2_x86_64", "musllinux_1_1_x86_64"), "linux", "x86_64"),
    "darwin-x64": (
        tuple(f"macosx_{one}_{kind}" for kind in ("x86_64", "universal2") for one in MACS),
        "darwin",
        "x86_64",
    ),
    "darwin-arm64": (("macosx_11_0_arm64", *(f"macosx_{one}_universal2" for one in MACS)), "darwin", "arm64"),
    "win32-x64": (("win_amd64",), "win32", "AMD64"),
    "win32-arm64": (("win_arm64",), "win32", "ARM64"),
}
SYSTEMS = {"linux": ("posix", "Linux"), "darwin": ("posix", "Darwin"), "win32": ("nt", "Windows")}


def main() -> None:
    """Fills the folder, one Python after another."""
    if len(sys.argv) != 3 or sys.argv[1] not in TARGETS:
        raise SystemExit(f"usage: wheels.py TARGET FOLDER, where TARGET is one of {', '.join(TARGETS)}")
    target, folder = sys.argv[1], Path(sys.argv[2])
    manifest = folder / "manifest.json"
    source = hashlib.sha256(LOCK.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    if manifest.exists() and json.loads(manifest.read_text(encoding="utf-8"))["source"] == source:
        return
    folder.mkdir(parents=True, exist_ok=True)
    manifest.unlink(missing_ok=True)
    wheels = {python: fetched(target, python, folder) for python in PYTHONS}
    wanted = {name for names in wheels.values() for name in names}
    for old in folder.glob("*.whl"):
        if old.name not in wanted:
            old.unlink()
    manifest.write_text(json.dumps({"source": source, "target": target, "wheels": wheels}, indent=1), encoding="utf-8")
    size = sum((folder / name).stat().st_size for name in wanted)
    print(f"wheels: {len(wanted)} for {target}, {size / 1e6:.0f} MB")


def fetched(target: str, python: str, folder: Path) -> list[str]:
    """The names of the wheels of one Python, once they are in the folder."""
    platforms, _, _ = TARGETS[target]
    pinned = dict(requirements(target, python))
    listed = folder / f"requirements-{python}.txt"
    listed.write_text("\n".join(pinned.values()) + "\n", encoding="utf-8")
    command = [
        "download",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--require-hashes",
        "--requirement",
        str(listed),
        "--dest",
        str(folder),
    ]
    tags = [part for platform in platforms for part in ("--platform", platform)]
    quiet = ["--disable-pip-version-check", "--quiet", "--implementation", "cp", "--python-version", python]
    print(f"wheels: {len(pinned)} packages for Python {python} on {target}", flush=True)
    subprocess.run([sys.executable, "-m", "pip", *command, *quiet, *tags], check=True)
    listed.unlink()
    chosen = {name: _best(name, version(text), target, python, folder) for name, text in pinned.items()}
    return sorted(chosen.values())


def requirements(target: str, python: str) -> Iterator[tuple[str, str]]:
    """The lock's requirements that hold on a target, by name, without markers: pip would hold those against itself."""
    _, system, machine = TARGETS[target]
    family, named = SYSTEMS[system]
    seen = {
        "sys_platform": system, "platform_machine": machine, "os_name": family, "platform_system": named,
        "python_version": python, "python_full_version": f"{python}.0", "implementation_name": "cpython",
        "platform_python_implementation": "CPython", "extra": "",
    }  # fmt: skip
    for entry in _entries():
        head, *hashes = entry
        pin, _, marker = head.partition(";")
        if not marker.strip() or Marker(marker.strip()).evaluate(seen):
            yield canonicalize_name(pin.partition("==")[0].strip()), " ".join([pin.strip(), *hashes])


def version(requirement: str) -> str:
    """The version that a requirement pins."""
    return requirement.partition("==")[2].split()[0]


def _entries() -> Iterator[list[str]]:
    """Each pin of the lock with its hashes."""
    for line in LOCK.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
        words = line.partition(" #")[0].strip()
        if words and not words.startswith("#"):
            head, *hashes = words.split(" --hash=")
            yield [head.strip(), *(f"--hash={one.strip()}" for one in hashes)]


def _best(name: str, pin: str, target: str, python: str, folder: Path) -> str:
    """The wheel that a Python takes of those in the folder: the one for it alone before one for several."""
    platforms, _, _ = TARGETS[target]
    minor = int(python.partition(".")[2])
    ranked: list[tuple[int, int, str]] = []
    for path in folder.glob("*.whl"):
        distribution, number, _, tags = parse_wheel_filename(path.name)
        if distribution != name or str(number) != pin:
            continue
        for tag in tags:
            place = platforms.index(tag.platform) if tag.platform in platforms else len(platforms)
            fits = tag.platform == "any" or tag.platform in platforms
            if fits and tag.interpreter == f"cp{python.replace('.', '')}":
                ranked.append((0, place, path.name))
            elif fits and tag.abi == "abi3" and int(tag.interpreter.removeprefix("cp3")) <= minor:
                ranked.append((1, place, path.name))
            elif fits and tag.interpreter in ("py3", f"py3{minor}"):
                ranked.append((2, place, path.name))
    if not ranked:
        raise SystemExit(f"wheels: there is none of {name} {pin} for Python {python} on {target}")
    return min(ranked)[2]


if __name__ == "__main__":
    main()
