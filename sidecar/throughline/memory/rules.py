"""Standing rules that the user lays down: what is always, or never, to be done to a kind of thing in the code.

A rule is read from a message as a verb, a thing and what is asked of it, which may stand in neighbouring sentences. It
is kept in the words in which it was said, whole sentences; what is read of it only tells which later one takes its
place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from attrs import evolve, field, frozen

from throughline.memory.cues import heard, vocabulary
from throughline.memory.text import bare, expresses_doubt, joined_lines, sentence_parts

Verb: TypeAlias = Literal["start", "end", "include", "import", "add", "use"]

_VERBS: tuple[Verb, ...] = ("start", "end", "include", "import", "add", "use")
_POINTING = r"\s+(?:it|them|this|that|these|those|both)\b"
_ALL = r"(?:(?:all|any|every|each|of|the|your|our|my)\s+){0,4}"
_OBJECT = heard(
    "rules.objects",
    r"(?P<one>(?:any|every|each|a new)\s+)?(?P<object>{})(?P<many>e?s\b|\s+(?:definitions?|declarations?|signatures?))?"
    r"(?P<name>\s+(?:names?|naming))?\b(?!\.\w)",
)
# The thing that is meant comes after what is asked: "… in all method names".
_TO = re.compile(
    rf"[^.,;]{{0,50}}?\b(?:in|to|for|on|of|within|inside|throughout)\s+{_ALL}{_OBJECT.pattern}", re.IGNORECASE
)
_STYLE = heard("rules.style", r"(?:{})")
_TOKEN = re.compile(
    "|".join(
        (
            r"(?<!\w)[`'\"\u2018“](?P<quoted>[^\s`'\"\u2019”]{1,40}?)[.,]?[`'\"\u2019”](?!\w)",
            r"(?<![\w@])(?P<decorator>@\w+(?:\.\w+)*)",
            rf"\b(?P<style>{_STYLE.pattern})\b",
            *(heard(f"rules.{verb}", rf"\b(?P<{verb}>{{}})\b").pattern for verb in _VERBS),
            rf"\b{_OBJECT.pattern}",
        )
    ),
    re.IGNORECASE,
)
_STANDING = heard("rules.standing")
_PLEDGE = heard("rules.pledge")
_EXAMPLE = heard("rules.example")
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
_EMPTY = vocabulary("rules.empty")


@frozen
class Rule:
    """What must always (or never) be done: `what` as it is written in the line, `thing` in the singular, and the
    sentences in which it was `said`, word for word.
    """

    verb: Verb
    what: str
    thing: str = ""
    never: bool = False
    naming: bool = False
    source: str = ""
    said: str = field(default="", eq=False)

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
        """What was read of the rule, in one form for all wordings: for comparing, not for showing."""
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


def standing_rules(message: str, pledged: bool = False) -> Iterator[Rule]:
    """The standing rules of a user's message, or those that the agent's answer to it `pledged` to keep; each once."""
    seen: set[str] = set()
    for rule in _read(message, _PLEDGE if pledged else _STANDING):
        if rule.line not in seen:
            seen.add(rule.line)
            yield rule


def binds(message: str) -> bool:
    """True where a message wants something always, and so an answer may take it on."""
    return bool(_STANDING.search(message))


def rule_subject(text: str) -> str:
    """What a line that says one rule and nothing else is about."""
    found = {rule.subject: rule for rule in _read(text, _STANDING)}
    return next((name for name, rule in found.items() if len(found) == 1 and rule.said == " ".join(text.split())), "")


def _read(message: str, binding: re.Pattern[str]) -> Iterator[Rule]:
    """The rules in the order in which they are complete; verb, thing and literal carry over to the next sentences.

    A thing is a kind of thing, named there or in the sentence before; a rule whose thing comes later waits for it.
    """
    verb: Verb | None = None
    thing = _Thing()
    last, standing = "", 0
    spoken = voiced = bound = named = 0
    told = [part for line in sentence_parts(message) for part in map(bare, line)]

    def said(rule: Rule, *since: int) -> Rule:
        return evolve(rule, said=joined_lines(told[min(voiced, bound, *since) : number + 1]))

    for number, sentence in enumerate(told):
        # A verb reaches as far as the next sentence but one.
        verb = verb if number - spoken < 3 else None
        standing, bound = (3, number) if binding.search(sentence) else (standing - 1, bound)
        unsure = expresses_doubt(sentence) or expresses_doubt(told[bound])
        binds = standing > 0 and not (unsure or _EXAMPLE.search(sentence))
        thing = evolve(thing, age=thing.age + 1)
        waiting: list[Rule] = []
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
            made = Rule(
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

    def rule(self, made: Rule) -> Rule:
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
