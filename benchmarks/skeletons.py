"""Skeletons of real projects: how small, how complete, how valid, how fast; beside `repomix --compress`.

    .venv/bin/python benchmarks/skeletons.py [PROJECT...]

Projects and peers come from the package registries into build/skeletons, and what cannot be had is skipped and named.
Times are of one run each on this machine, so only their ratio says something.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from attrs import frozen

from throughline.agent.file_rendering import file_skeleton
from throughline.app.bootstrap import open_store
from throughline.app.project_files import skeleton_cache
from throughline.llm.tokens import O200k
from throughline.skeleton.languages import find_language
from throughline.skeleton.model import Item, Outline
from throughline.skeleton.outline_reader import outline
from throughline.skeleton.render import LADDER, Skeleton, make_skeleton, write_outline
from throughline.skeleton.syntax import grammar

BUILD = Path("build/skeletons")
PEERS = {"repomix": "1.14.0", "typescript": "5.9.3"}
OVER = 200
"""Tokens; smaller files are not counted."""
SHARE = 0.25


@frozen
class Project:
    """A project's package (`pip:`, `sdist:`, `npm:` or `deb:`), the folder of its source, and its suffixes."""

    name: str
    package: str
    folder: str
    suffixes: tuple[str, ...]

    @property
    def root(self) -> Path:
        """Where its source is unpacked."""
        return BUILD / self.name / self.folder

    @property
    def files(self) -> list[Path]:
        """Its source files, sorted."""
        found = (path for path in self.root.rglob("*") if path.suffix in self.suffixes)
        return sorted(path for path in found if path.is_file() and not path.is_symlink())


PROJECTS = (
    Project("django", "pip:django==5.2.19", "django", (".py",)),
    Project("fastapi", "pip:fastapi==0.165.0", "fastapi", (".py",)),
    Project("sympy", "pip:sympy==1.14.0", "sympy", (".py",)),
    Project("rxjs", "npm:rxjs@7.8.2", "package/src", (".ts",)),
    Project("zod", "npm:zod@4.6.7", "package/src", (".ts",)),
    Project("eslint", "npm:eslint@10.15.0", "package/lib", (".js",)),
    Project("gin", "deb:golang-github-gin-gonic-gin-dev", "usr", (".go",)),
    Project("tokio", "deb:librust-tokio-dev", "usr", (".rs",)),
    Project("react-native (Java)", "npm:react-native@0.72.17", "package/ReactAndroid", (".java",)),
    Project("uwsgi", "sdist:uwsgi==2.0.31", "uwsgi-2.0.31", (".c", ".h")),
    Project("react-native (C++)", "npm:react-native@0.72.17", "package/ReactCommon", (".cpp", ".h")),
    Project("pythonnet", "sdist:pythonnet==3.2.1", "pythonnet-3.2.1/src", (".cs",)),
)
COUNT = O200k().count


def run(*command: str, cwd: Path | None = None, stdin: str = "") -> str:
    """A command's output; its errors are shown where it fails."""
    done = subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError((done.stderr or done.stdout).strip()[-500:] or f"{command[0]} failed")
    return done.stdout


def fetch(project: Project) -> bool:
    """Unpacks a project's source, once; false, and a line that says why, where it cannot be had."""
    if project.root.is_dir():
        return True
    kind, _, package = project.package.partition(":")
    folder = BUILD / project.name
    folder.mkdir(parents=True, exist_ok=True)
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check", "-d", ".")
    try:
        match kind:
            case "pip":
                run(*pip, package, cwd=folder)
                run(sys.executable, "-m", "zipfile", "-e", next(folder.glob("*.whl")).name, ".", cwd=folder)
            case "sdist":
                run(*pip, "--no-binary", ":all:", package, cwd=folder)
                run("tar", "xzf", next(folder.glob("*.tar.gz")).name, cwd=folder)
            case "npm":
                run("npm", "pack", "--silent", package, cwd=folder)
                run("tar", "xzf", next(folder.glob("*.tgz")).name, cwd=folder)
            case _:
                run("apt-get", "download", package, cwd=folder)
                run("dpkg-deb", "-x", next(folder.glob("*.deb")).name, ".", cwd=folder)
    except (OSError, StopIteration) as error:
        print(f"skipped: {project.name}, which could not be had: {error}")
        return False
    return project.root.is_dir()


@cache
def peers() -> Path | None:
    """Where the peers are installed, or None where they cannot be."""
    folder = BUILD / "peers"
    if not (folder / "node_modules/.bin/repomix").exists():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = [f"{name}@{version}" for name, version in PEERS.items()]
        try:
            run("npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *wanted, cwd=folder)
        except OSError as error:
            print(f"skipped: the peers, which could not be had: {error}")
            return None
    return folder.resolve()


@frozen
class Made:
    """A file's text, its skeleton at the default detail, and its outline."""

    path: Path
    text: str
    skeleton: Skeleton
    read: Outline | None

    def at(self, detail: int) -> str:
        """Its skeleton at a detail; the whole text where it has no outline."""
        found = find_language(self.path.name)
        return write_outline(self.read, found[0], detail) if self.read and found else self.text

    @property
    def exempt(self) -> bool:
        """Whether it goes whole because it holds nothing but declarations."""
        return self.skeleton.form in {"whole", "declarations"}

    @property
    def share(self) -> float:
        """Its tokens over the original's."""
        return self.skeleton.tokens / self.skeleton.original_tokens


def make(project: Project) -> Iterator[Made]:
    """The skeletons of a project's files, one at a time."""
    for path in project.files:
        text = path.read_text(encoding="utf-8", errors="replace")
        name = str(path.relative_to(project.root))
        yield Made(path, text, make_skeleton(name, text, COUNT), outline(name, text))


def small(made: Iterable[Made], peer: int | None) -> list[str]:
    """Tokens over the original's, for files of more than OVER tokens."""
    large = [one for one in made if one.skeleton.original_tokens > OVER]
    counted = [one for one in large if not one.exempt]
    originals = sum(one.skeleton.original_tokens for one in counted)
    whole = sum(one.skeleton.original_tokens for one in made)
    below = sum(one.share <= SHARE for one in counted)
    ratio = sum(one.skeleton.tokens for one in counted) / originals if originals else 0.0
    return [
        str(len(large)), str(len(large) - len(counted)), f"{originals:,}", f"{ratio:.3f}",
        f"{peer / whole:.3f}" if peer is not None and whole else "-",
        f"{below} of {len(counted)} ({below / max(1, len(counted)):.1%})",
    ]  # fmt: skip


# What a parser of the language itself finds, for Python

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def parsed(text: str) -> ast.Module | None:
    """The tree of Python source, or None where it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def definitions(tree: ast.AST) -> Iterator[tuple[str, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Classes and functions outside function bodies, under their qualified names."""
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, prefix = waiting.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield prefix + child.name, child
                if isinstance(child, ast.ClassDef):
                    waiting.append((child, f"{prefix}{child.name}."))
            elif not isinstance(child, ast.Lambda):
                waiting.append((child, prefix))


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """The names of a function's parameters, of every kind."""
    every = node.args
    listed = [*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg]
    return [one.arg for one in listed if one]


def facts(tree: ast.AST) -> dict[str, Counter[str]]:
    """What a reader may want to know of each definition, by kind of fact."""
    found: dict[str, Counter[str]] = {
        kind: Counter() for kind in ("names", "parameters", "returns", "bases", "decorators")
    }
    for name, node in definitions(tree):
        found["names"][name] += 1
        found["decorators"].update(f"{name} {ast.unparse(one)}" for one in node.decorator_list)
        if isinstance(node, ast.ClassDef):
            found["bases"].update(f"{name} {ast.unparse(one)}" for one in (*node.bases, *node.keywords))
        else:
            found["parameters"].update(f"{name} {one}" for one in parameters(node))
            if node.returns:
                found["returns"][f"{name} {ast.unparse(node.returns)}"] += 1
    return found


def raised(tree: ast.AST) -> Counter[str]:
    """Errors that a function raises itself and by name: `raise ValueError(...)`, `raise errors.Taken`."""
    found: Counter[str] = Counter()
    for name, node in definitions(tree):
        waiting: list[ast.AST] = list(node.body) if isinstance(node, FUNCTION) else []
        named = set()
        while waiting:
            one = waiting.pop()
            if isinstance(one, ast.Raise) and one.exc is not None:
                error = one.exc.func if isinstance(one.exc, ast.Call) else one.exc
                if isinstance(error, ast.Name | ast.Attribute):
                    text = ast.unparse(error)
                    if text.rpartition(".")[2].lstrip("_")[:1].isupper():
                        named.add(text)
            if not isinstance(one, (*FUNCTION, ast.ClassDef, ast.Lambda)):
                waiting += ast.iter_child_nodes(one)
        found.update(f"{name} {error}" for error in named)
    return found


def told(items: Iterable[Item], prefix: str = "") -> Counter[str]:
    """The same of an outline's items."""
    found: Counter[str] = Counter()
    for item in items:
        found.update(f"{prefix}{item.name} {error}" for error in item.raises)
        found += told(item.children, f"{prefix}{item.name}.")
    return found


def python(made: Iterable[Made]) -> None:
    """Prints what is kept of valid Python files, at three details, and whether they are still valid."""
    held: dict[str, list[int]] = {}
    valid = {"default": 0, "full": 0, "names only": 0}
    files = 0
    for one in made:
        tree = parsed(one.text)
        if tree is None:
            continue
        files += 1
        truth = facts(tree)
        forms = {"default": one.skeleton.text, "full": one.at(len(LADDER) - 1), "names only": one.at(0)}
        if one.skeleton.form == "plain":
            forms["default"] = ""
            valid["default"] -= parsed("") is None
        for form, text in forms.items():
            again = parsed(text)
            valid[form] += again is not None
            kept = facts(again) if again else {kind: Counter() for kind in truth}
            for kind, wanted in truth.items():
                tally = held.setdefault(f"{kind}, {form}", [0, 0])
                tally[0] += (wanted & kept[kind]).total()
                tally[1] += wanted.total()
        errors = raised(tree)
        tally = held.setdefault("raised errors, full", [0, 0])
        tally[0] += (errors & told(one.read.items if one.read else ())).total()
        tally[1] += errors.total()
    for form, count in valid.items():
        print(f"valid Python again, {form}: {count} of {files}")
    for kind, (kept_, all_) in held.items():
        print(f"{kind}: {kept_} of {all_} ({kept_ / max(1, all_):.2%})")


def script(project: Project, made: list[Made]) -> None:
    """Prints what the TypeScript compiler finds again in skeletons of files that grammar and compiler parse whole."""
    folder = peers()
    if folder is None:
        return
    whole = [one for one in made if one.read is not None and one.read.broken == 0]
    print(f"files that the grammar parses whole: {len(whole)} of {len(made)}")
    written = []
    for place, one in enumerate(whole):
        target = BUILD / "written" / f"{project.name}{place}{one.path.suffix}"
        target.parent.mkdir(exist_ok=True)
        target.write_text("" if one.skeleton.form == "plain" else one.skeleton.text, encoding="utf-8")
        written.append(target)
    reader = str(Path(__file__).parent / "peers/names.mjs")
    paths = "\n".join(str(path) for pair in zip((one.path for one in whole), written, strict=True) for path in pair)
    lines = [json.loads(line) for line in run("node", reader, str(folder), stdin=paths).splitlines()]
    held = {"names": [0, 0], "parameters": [0, 0]}
    sound = errors = 0
    for before, after in zip(lines[::2], lines[1::2], strict=True):
        sound += before["errors"] == 0
        if before["errors"] == 0 and after["errors"]:
            errors += 1
        names = [Counter(name for name, _ in one["names"]) for one in (before, after)]
        words = [Counter(f"{name} {word}" for name, all_ in one["names"] for word in all_) for one in (before, after)]
        for kind, (old, new) in (("names", names), ("parameters", words)):
            held[kind][0] += (old & new).total()
            held[kind][1] += old.total()
            for lost in list(old - new)[:2]:
                print(f"    lost of {kind}: {lost} in {before['path']}")
    print(f"valid again by the compiler: {sound - errors} of {sound}")
    for kind, (found, all_) in held.items():
        print(f"{kind}, default: {found} of {all_} ({found / max(1, all_):.2%})")


def sound(made: Iterable[Made]) -> str:
    """How many files that their grammar parses whole have skeletons, at three details, that it parses whole too."""
    kept = files = 0
    for one in made:
        found = find_language(one.path.name)
        if found is None or one.read is None or one.read.broken:
            continue
        language, suffix = found
        files += 1
        texts = [one.at(len(LADDER) - 1), one.at(0)]
        if one.skeleton.form != "plain":
            texts.append(one.skeleton.text)
        broken = [text for text in texts if grammar(language, suffix, text.encode()).has_error]
        kept += not broken
    return f"{kept} of {files}"


def repomix(project: Project) -> tuple[int, float] | None:
    """Tokens of `repomix --compress` over the same files, and the seconds of its run."""
    folder = peers()
    if folder is None:
        return None
    target = (BUILD / "repomix.txt").resolve()
    include = ",".join(f"**/*{suffix}" for suffix in project.suffixes)
    command = (
        "node", str(folder / "node_modules/repomix/bin/repomix.cjs"), "--compress", "--style", "plain", "--quiet",
        "--no-security-check", "--no-gitignore", "--no-default-patterns", "--no-file-summary",
        "--no-directory-structure", "--include", include, "-o", str(target),
    )  # fmt: skip
    started = time.perf_counter()
    run(*command, cwd=project.root)
    return COUNT(target.read_text(encoding="utf-8")), time.perf_counter() - started


ALL = """
import os, sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from throughline.llm.tokens import O200k
from throughline.make_skeleton.render import make_skeleton
count = O200k().count
def make(path):
    return make_skeleton(path, Path(path).read_text(encoding="utf-8", errors="replace"), count).tokens
if __name__ == "__main__":
    paths = sys.stdin.read().splitlines()
    count("load the ranks before the processes part")
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        print(sum(pool.map(make, paths, chunksize=16)))
"""


def ours(project: Project) -> float:
    """The seconds for the skeletons of a project, start and token counts included, in a process for each core."""
    started = time.perf_counter()
    run(sys.executable, "-c", ALL, stdin="\n".join(map(str, project.files)))
    return time.perf_counter() - started


def one_file() -> None:
    """The time for one file of 1,000 lines whose language is loaded already, as in a running session, and for the same
    once a project's database has kept its skeleton.
    """
    project = PROJECTS[0]
    lines = (project.root / "db/models/query.py").read_text().splitlines()[:1000]
    text = "\n".join(lines) + "\n"
    make_skeleton("warm.py", text[: len(text) // 4], COUNT)
    times = []
    for turn in range(9):
        fresh = f"{text}# {turn}\n"
        started = time.perf_counter()
        make_skeleton(f"cold{turn}.py", fresh, COUNT)
        times.append(time.perf_counter() - started)
    with tempfile.TemporaryDirectory() as folder:
        made = skeleton_cache(open_store(Path(folder))[0])
        file_skeleton("warm.py", text, COUNT, made)
        again = []
        for _ in range(99):
            started = time.perf_counter()
            file_skeleton("warm.py", text, COUNT, made)
            again.append(time.perf_counter() - started)
    print(
        f"one file of 1,000 lines: {sorted(times)[4] * 1000:.1f} ms, the median of 9; "
        f"from the cache {sorted(again)[49] * 1000:.2f} ms, the median of 99"
    )


def main(chosen: list[str]) -> None:
    """Prints the tables of the projects named, or of all."""
    projects = [one for one in PROJECTS if (not chosen or one.name in chosen) and fetch(one)]
    COUNT("warm")
    heads = ("project", "files over 200 tokens", "exempt", "tokens", "skeleton", "repomix", "under 0.25")
    table = [f"| {' | '.join((*heads, 'valid by grammar', 'time over that of repomix'))} |"]
    table.append("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    every: list[Made] = []
    for project in projects:
        print(f"== {project.name}", flush=True)
        made = list(make(project))
        every += made
        peer = repomix(project)
        seconds = ours(project)
        faster = f"{seconds / peer[1]:.2f} ({seconds:.1f} s, {peer[1]:.1f} s)" if peer else "-"
        cells = [project.name, *small(made, peer[0] if peer else None), sound(made), faster]
        table.append(f"| {' | '.join(cells)} |")
        if project.suffixes == (".py",):
            python(made)
        if project.suffixes in {(".ts",), (".js",)}:
            script(project, made)
    table.append(f"| **all** | {' | '.join(small(every, None))} | {sound(every)} | |")
    print("\n".join(table))
    if any(one.name == "django" for one in projects):
        one_file()


if __name__ == "__main__":
    main(sys.argv[1:])
