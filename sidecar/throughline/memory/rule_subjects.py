"""What a convention of names and code is about, so that a later one on the same takes the place of an earlier one.

A convention is read from English sentences as a verb, a thing and what is asked of it, which may stand in neighbouring
sentences: "start function names with 'f_'". What is read is for comparing alone: a rule is kept word for word.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any, Literal, TypeAlias

from attrs import evolve, frozen

_DATA: dict[str, Any] = tomllib.loads(files(__package__).joinpath("rule_subjects.toml").read_text(encoding="utf-8"))


def _heard(name: str, form: str = r"\b(?:{})(?!\w)") -> re.Pattern[str]:
    return re.compile(form.format("|".join(_DATA[name])), re.IGNORECASE)


Verb: TypeAlias = Literal["start", "end", "include", "import", "add", "use"]

_VERBS: tuple[Verb, ...] = ("start", "end", "include", "import", "add", "use")
_POINTING = r"\s+(?:it|them|this|that|these|those|both)\b"
_ALL = r"(?:(?:all|any|every|each|of|the|your|our|my)\s+){0,4}"
_OBJECT = _heard(
    "objects",
    r"(?P<one>(?:any|every|each|a new)\s+)?(?P<object>{})(?P<many>e?s\b|\s+(?:definitions?|declarations?|signatures?))?"
    r"(?P<name>\s+(?:names?|naming))?\b(?!\.\w)",
)
# The thing that is meant comes after what is asked: "… in all method names".
_TO = re.compile(
    rf"[^.,;]{{0,50}}?\b(?:in|to|for|on|of|within|inside|throughout)\s+{_ALL}{_OBJECT.pattern}", re.IGNORECASE
)
_STYLE = _heard("style", r"(?:{})")
_TOKEN = re.compile(
    "|".join(
        (
            r"(?<!\w)[`'\"\u2018“](?P<quoted>[^\s`'\"\u2019”]{1,40}?)[.,]?[`'\"\u2019”](?!\w)",
            r"(?<![\w@])(?P<decorator>@\w+(?:\.\w+)*)",
            rf"\b(?P<style>{_STYLE.pattern})\b",
            *(_heard(verb, rf"\b(?P<{verb}>{{}})\b").pattern for verb in _VERBS),
            rf"\b{_OBJECT.pattern}",
        )
    ),
    re.IGNORECASE,
)
_STANDING = _heard("standing")
# What names are like, or all of a kind, is for good where it is told by a literal.
_GENERAL = _heard("general")
_LITERAL = re.compile(r"(?<!\w)[`'\"\u2018\u201c]_?\w+_?[`'\"\u2019\u201d](?!\w)|(?<![\w@])@\w+")
_EXAMPLE = _heard("example")
_LIKE = re.compile(r"\b(?:as in|such as|like|e\.g\.|from(?: the)?|or)\s+$", re.IGNORECASE)
_ENDING = re.compile(
    r"[^.;]{0,12}\b(?:as (?:a|the|their) |at (?:the|their) )(?P<place>prefix|beginning|start|suffix|end)\b",
    re.IGNORECASE,
)
_SOURCE = re.compile(
    r"[^.,;]{0,20}?\sfrom (?:the )?(?P<source>[`'\"]?[\w.]+[`'\"]?(?: (?:module|package|library))?)", re.IGNORECASE
)
_NEVER = re.compile(r"\b(?:never|don'?t|do not|avoid)\b[^.,;]*$", re.IGNORECASE)
_NAMING = re.compile(r"\bnam(?:e|es|ed|ing)\b", re.IGNORECASE)
_WHAT = re.compile(
    rf"\s+{_ALL}(?P<what>(?:(?:a|an|single|one|some)\s+)*[a-z]+(?:[ -][a-z]+)?)"
    r"(?=\s+(?:in|for|to|on|within|inside|with|when|at|as|throughout)\b|\s*[.,;]|\s*$)", re.IGNORECASE
)  # fmt: skip
# Words after a verb that say nothing of what is asked.
_EMPTY = frozenset(str(_DATA["empty"]).split())


@frozen
class Convention:
    """What must always (or never) be done to a kind of thing, as read from one sentence or a few."""

    verb: Verb
    what: str
    """What is asked, as it is written in the sentence."""
    thing: str = ""
    """The kind of thing, in the singular."""
    never: bool = False
    naming: bool = False
    source: str = ""
    """The module that it comes from, where one is named."""
    first: int = 0
    """The first of the sentences that it was read from."""
    last: int = 0
    """The last of them, included."""

    @property
    def subject(self) -> str:
        """What a later rule must share to take this one's place: a name begins, ends and is spelled in one way only."""
        if self.verb in ("start", "end"):
            return f"rule: {self.verb} {self.thing.split()[-1]}"
        if self.verb == "use" and _STYLE.fullmatch(self.what):
            return f"rule: style {self.thing.split()[-1]}"
        return f"rule: {self.verb} {self.what} {self.thing}".lower().strip()

    @property
    def line(self) -> str:
        """What was read, in one form for all wordings: for comparing, not for showing."""
        how = "Never" if self.never else "Always"
        things = _plural(self.thing)
        names = f"{self.thing} names" if self.naming else things
        match self.verb:
            case "start" | "end":
                return f"{how} {self.verb} {self.thing} names with {self.what}."
            case "import":
                return f"{how} import {self.what}."
            case "include":
                return f"{how} include {self.what} in {names}." if self.thing else f"{how} include {self.what}."
            case "add":
                source = f" from {self.source}" if self.source else ""
                return (
                    f"{how} add {self.what}{source} to {things}." if self.thing else f"{how} add {self.what}{source}."
                )
            case "use":
                return f"{how} use {self.what} for {names}." if self.thing else f"{how} use {self.what}."


def read_conventions(sentences: Sequence[str], doubted: Sequence[bool]) -> Iterator[Convention]:
    """The conventions that sentences in their order lay down, each once; what is `doubted` or asked lays down none.

    They come in the order in which they are complete. Verb, thing and literal carry over to the next sentences: a thing
    is a kind of thing, named there or in the sentence before; a convention whose thing comes later waits for it.
    """
    seen: set[str] = set()
    for made in _read(sentences, doubted):
        if made.line not in seen:
            seen.add(made.line)
            yield made


def rule_subjects(text: str) -> tuple[str, ...]:
    """What the conventions in a rule are about."""
    return tuple(sorted({made.subject for made in read_conventions([text], [False])}))


def rule_subject(text: str) -> str:
    """The same, where it is one convention alone; else nothing."""
    found = rule_subjects(text)
    return found[0] if len(found) == 1 else ""


def _read(told: Sequence[str], doubted: Sequence[bool]) -> Iterator[Convention]:
    verb: Verb | None = None
    thing = _Thing()
    last, standing = "", 0
    spoken = voiced = bound = named = 0

    def said(rule: Convention, *since: int) -> Convention:
        return evolve(rule, first=min(voiced, bound, *since), last=number)

    for number, sentence in enumerate(told):
        # A verb reaches as far as the next sentence but one.
        verb = verb if number - spoken < 3 else None
        lasts = _STANDING.search(sentence) or (_GENERAL.search(sentence) and _LITERAL.search(sentence))
        standing, bound = (3, number) if lasts else (standing - 1, bound)
        binds = standing > 0 and not (doubted[number] or doubted[bound] or _EXAMPLE.search(sentence))
        thing = evolve(thing, age=thing.age + 1)
        waiting: list[Convention] = []
        done, before = set[tuple[str, str]](), 0
        for token in _TOKEN.finditer(sentence):
            if token["object"]:
                if thing.age or sentence[before : token.start()].strip():
                    thing = _thing(token, bool(_NAMING.search(sentence)))
                    if binds and thing.kind:
                        yield from (said(thing.rule(rule), number) for rule in waiting)
                        waiting = []
                else:
                    thing = evolve(thing, kind=True)
                before = token.end()
                continue
            if heard_of := next((one for one in _VERBS if token[one]), None):
                verb, spoken, voiced = heard_of, number, number
                what = _asked(sentence, token, verb, last)
            elif _LIKE.search(sentence[: token.start()]):
                continue
            else:
                what, last, named = token[0], token[0], number
                verb, voiced = (shape, number) if (shape := _shape(token, sentence)) else (verb, voiced)
            if not (binds and verb and what):
                continue
            # The literal that "it" points back to may stand before.
            since = number if what in sentence else named
            meant = _TO.match(sentence, token.end())
            about = _thing(meant) if meant else thing
            if about.text == "code" and not (token["quoted"] or token["decorator"] or what.endswith("s")):
                continue
            if verb in ("start", "end") and (not token["quoted"] or (verb, about.text) in done):
                continue
            done.add((verb, about.text))
            source = _SOURCE.match(sentence, token.end())
            made = Convention(
                verb, what, never=bool(_NEVER.search(sentence[: token.start()])),
                source=source["source"] if source and verb == "add" else "",
            )  # fmt: skip
            if verb == "import":
                yield said(made, since)
            elif about.kind and about.age < 2:
                yield said(about.rule(made), since, number - about.age)
            else:
                waiting.append(made)


@frozen
class _Thing:
    """What a rule may be about, how many sentences ago it was named, and whether a kind of thing rather than one."""

    text: str = ""
    naming: bool = False
    kind: bool = False
    age: int = 0

    def rule(self, made: Convention) -> Convention:
        return evolve(made, thing=self.text, naming=self.naming)


def _shape(token: re.Match[str], sentence: str) -> Verb | None:
    """The verb that a literal brings itself: a style is used, and a piece of a name shows where it belongs, by what is
    said of it or by its open end.
    """
    if token["style"]:
        return "use"
    literal = token["quoted"] or ""
    if place := _ENDING.match(sentence, token.end()):
        return "end" if place["place"].lower() in ("suffix", "end") else "start"
    if re.fullmatch(r"\w+[_-]", literal):
        return "start"
    return "end" if re.fullmatch(r"[_-]\w+", literal) else None


def _thing(found: re.Match[str], naming: bool = False) -> _Thing:
    """A kind of thing is meant where many are, or each, or what they are called."""
    kind = found["many"] or found["name"] or found["one"] or found["object"].lower() == "code"
    return _Thing(found["object"].lower(), naming or bool(found["name"]), bool(kind))


def _asked(sentence: str, token: re.Match[str], verb: Verb, last: str) -> str:
    """What a verb asks for where that is no literal: plain words, or the literal that it points back to."""
    if verb not in ("include", "add", "use"):
        return ""
    if re.match(_POINTING, sentence[token.end() :]):
        return last
    what = _WHAT.match(sentence, token.end())
    if (
        not what
        or set(what["what"].lower().split()) & _EMPTY
        or _OBJECT.fullmatch(what["what"])
        or _STYLE.fullmatch(what["what"])
    ):
        return ""
    return what["what"].lower()


def _plural(thing: str) -> str:
    if thing == "code":
        return thing
    if thing.endswith(("s", "x", "ch")):
        return f"{thing}es"
    return f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"
