"""Writes the expected skeletons anew: `python tests/unit/skeletons/rewrite.py`, then read the difference."""

from pathlib import Path

from throughline.skeleton.languages import find_language
from throughline.skeleton.outline_reader import outline
from throughline.skeleton.render import LADDER, write_outline

HERE = Path(__file__).parent
TOP = len(LADDER) - 1
PLAINER = TOP - next(rung for rung, detail in enumerate(LADDER) if not detail.annotations)
DETAILS = {"full": TOP, "plainer": PLAINER, "bare": 0}


def expected(sample: Path) -> str:
    """A sample's skeletons, one after the other, each under a line of its own."""
    text = sample.read_text("utf-8")
    read, found = outline(sample.name, text), find_language(sample.name)
    assert read is not None
    assert found is not None
    return "".join(f"==== {name}\n{write_outline(read, found[0], detail)}" for name, detail in DETAILS.items())


def samples() -> list[Path]:
    """The samples, one for each language."""
    return sorted(path for path in HERE.iterdir() if path.stem.lower() == "sample" and path.suffix != ".h")


if __name__ == "__main__":
    for one in samples():
        (HERE / f"{one.suffix[1:]}.txt").write_text(expected(one), "utf-8")
