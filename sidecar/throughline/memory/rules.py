"""Standing rules that a user lays down in a message, heard by cues in several languages, and kept word for word.

A rule is a standing instruction or prohibition. What holds for one test, one step or a while, what is asked, doubted,
planned, reported, quoted or shown as code is none: a false rule that is kept does more harm than a missed one.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise

from attrs import frozen

from throughline.memory.message_prose import Said, bare_words, said_sentences
from throughline.memory.reversals import reversals
from throughline.memory.rule_subjects import Convention, read_conventions, rule_subjects

LANGUAGES = ("en", "de", "fr", "es", "pt", "ru", "zh", "ja")
# The languages whose words are written without spaces: a cue stands anywhere in a sentence.
_UNSPACED = frozenset({"zh", "ja"})
# The characters of a rule: what is longer is no instruction but a text.
LONGEST = 700
# A message of so many characters is a text that was pasted, or a plan: rules are heard at its two ends alone.
_PASTED = 4_000
_ENDS = 1_200
# In a language without spaces a sentence of so many characters goes with the rule after it, whose matter it names.
_SHORT = 16
# A convention is told in fewer sentences, and in fewer rules.
_READ = 3
# So many characters of a script tell the language; a word of no more says little.
_FEW = 2
# The characters by which words are compared.
_STEM = 5
_REMEMBER = re.compile(
    r"^[^\S\n]*[#/]remember\b[:\s]*(?P<text>\S.*(?:\n(?!\s*$)(?!\s*[#/]remember\b).*)*)", re.IGNORECASE | re.MULTILINE
)
_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
# What is conceded limits no rule: "even if you don't need it in this file".
_CONCEDED = re.compile(
    r",? ?\b(?:even (?:if|when|though)|auch wenn|selbst wenn|même (?:si|quand)|aunque|incluso si|mesmo (?:que|se)"
    r"|ainda que|даже если)\b[^.;:]*|(?:即使|哪怕)[^\u3002\uff0c]*|たとえ[^\u3001\u3002]*", re.IGNORECASE,
)  # fmt: skip
# Before a cue it turns that around: "never forget the rule".
_DENIED = re.compile(
    r"(?:\b(?:never|not|nie|niemals|nicht|jamais|ne|no|nunca|não|не|никогда)|n't|n'|不要|别|不)\s*$", re.IGNORECASE
)
_ASKS = re.compile(r"[?\uff1f][\"'\u201d\u2019»」』)*_]*$|^[¿]")
# A function or variable by its name, and what says that something is done inside of it.
_INSIDE = re.compile(
    r"\b(?:[Ii]n|inside|within|of|[Dd]ans|[Ee]n|em|na|no|[Вв]|внутри)\s+`?(?!(?:snake|camel|kebab|pascal|upper|screaming)_?[Cc]ase)"
    r"(?P<name>[a-z][a-z0-9]*(?:_[a-z0-9]+)+|[a-z]+[A-Z]\w+|\w+(?=\(\)))(?![\w/.]*[/.]\w)"
    r"|`?(?:[a-z][a-z0-9]*(?:_[a-z0-9]+)+|[a-z]+[A-Z]\w+)(?:\(\))?`?\s*(?:里|中|内|の中|内で|で)"
)  # fmt: skip


@frozen
class HeardRule:
    """A rule as it was said."""

    text: str
    """Whole sentences, word for word, on one line."""
    personal: bool
    """Whether it is the user's own habit or the form of answers, and not about the code."""
    subjects: tuple[str, ...] = ()
    """What it is about, where it has conventions whose place later ones can take."""
    explicit: bool = False
    """Whether the user asked for it to be remembered."""


@frozen
class RetiringWords:
    """A sentence of the user's that takes a rule back."""

    text: str
    """Word for word."""
    about: str
    """What it names of the rule; empty where it only points at the last one."""


@frozen
class _Cues:
    """What is listened for in one language."""

    name: str
    words: frozenset[str]
    standing: re.Pattern[str]
    directs: re.Pattern[str]
    rule: re.Pattern[str]
    once: re.Pattern[str]
    report: re.Pattern[str]
    doubt: re.Pattern[str]
    personal: re.Pattern[str]
    retire: tuple[re.Pattern[str], ...]
    back: re.Pattern[str]
    onward: re.Pattern[str]
    quoted: re.Pattern[str]


@cache
def cues(language: str) -> _Cues:
    """The cues of a language, from its data file."""
    data = tomllib.loads(files(__package__).joinpath("rule_cues", f"{language}.toml").read_text(encoding="utf-8"))
    parts: dict[str, str] = {}
    for name, value in data.get("parts", {}).items():
        parts[name] = _filled(value, parts)

    def heard(name: str, where: str = "{}") -> re.Pattern[str]:
        edge = "(?:{})" if language in _UNSPACED else r"(?:(?<!\w)|(?=\W))(?:{})(?:(?<=\W)|(?!\w))"
        return re.compile(where.format(edge.format("|".join(_filled(one, parts) for one in data[name]))), re.IGNORECASE)

    def listed(name: str) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(_filled(one, parts), re.IGNORECASE) for one in data[name])

    words = frozenset(str(data["words"]).split())
    return _Cues(
        language, words, heard("standing"), heard("directs"), heard("rule"), heard("once"), heard("report"),
        heard("doubt"), heard("personal"), listed("retire"), heard("back", r"^\W*{}"), heard("onward", r"^\W*{}"),
        heard("quoted", r"{}\W*$"),
    )  # fmt: skip


def _filled(pattern: str, parts: dict[str, str]) -> str:
    """A pattern with its parts put in; braces of numbers are its own."""
    return re.sub(r"\{([a-z_]+)\}", lambda found: parts[found[1]], pattern)


def hear_rules(message: str) -> tuple[HeardRule, ...]:
    """The rules of a user's message in the order in which they were said, each once."""
    asked = list(_remembered(message))
    spoken = _REMEMBER.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), message) if asked else message
    found: dict[str, HeardRule] = {rule.text: rule for rule in (*asked, *_heard(spoken))}
    return tuple(found.values())


def hear_retirements(message: str) -> tuple[RetiringWords, ...]:
    """The sentences of a user's message that take a rule back."""
    return tuple(
        RetiringWords(said.text, about)
        for said in _own(message)
        if not _ASKS.search(said.text) and (about := _retired(said, language_of(said.bare, message))) is not None
    )


def is_personal(text: str) -> bool:
    """Whether a rule is the user's own habit or the form of answers, and not about the code."""
    return bool(cues(language_of(text)).personal.search(bare_words(text)))


def uncommon_words(text: str) -> frozenset[str]:
    """What a sentence is about: its words without the common ones of its language, and where words are written without
    spaces, its pairs of characters.
    """
    language = language_of(text)
    if language in _UNSPACED:
        signs = [sign for sign in text if sign.isalnum()]
        return frozenset(one + other for one, other in pairwise(signs))
    words = (word.lower() for word in _WORD.findall(text))
    # An ending more or less is the same word.
    return frozenset(word[:_STEM] for word in words if len(word) > _FEW and word not in cues(language).words)


def _remembered(message: str) -> Iterator[HeardRule]:
    """What the user asks to be remembered, by a word for it; a heading of Markdown is none."""
    for found in _REMEMBER.finditer(message):
        text = " ".join(found["text"].split())
        yield HeardRule(text, is_personal(text), rule_subjects(text), explicit=True)


def _heard(message: str) -> Iterator[HeardRule]:
    said = _own(message)
    bound = list(_bound(said, message))
    conventions = [one for one in _conventions(said, message) if _is_one(one, bound)]
    # A convention has the sentences that it was read from; what was heard beside it is joined where these overlap.
    read = sorted({(one.first, one.last) for one in conventions})
    apart = [
        one for one in _merged((one.first, one.last) for one in bound) if not any(_overlap(one, two) for two in read)
    ]
    for first, last in sorted([*apart, *(_widened(span, bound) for span in read)]):
        text = " ".join(message[said[first].start : said[last].end].split())
        about = {one.subject for one in conventions if first <= one.first and one.last <= last}
        if len(text) <= LONGEST and _whole(message, said[first : last + 1]):
            heard = cues(language_of(said[first].bare, message))
            personal = bool(heard.personal.search(" ".join(each.bare for each in said[first : last + 1])))
            yield HeardRule(text, personal, tuple(sorted(about)))


def _is_one(read: Convention, bound: Sequence[_Span]) -> bool:
    """Whether what was read over several sentences is one rule, and not made of several that stand by themselves."""
    return read.last - read.first < _READ and sum(read.first <= one.place <= read.last for one in bound) < _READ


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _widened(span: tuple[int, int], bound: Sequence[_Span]) -> tuple[int, int]:
    """A convention's sentences with the exceptions that belong to them."""
    return span[0], max([span[1], *(one.last for one in bound if span[0] <= one.place <= span[1])])


@frozen
class _Span:
    """Sentences that make a rule, by their numbers: the one that lays it down, and the first and the last of all."""

    place: int
    first: int
    last: int


def _bound(said: Sequence[Said], message: str) -> Iterator[_Span]:
    """The first and the last sentence of each rule: what it points at stands before it, its exception after it."""
    rules = [_lays_down(one, message) for one in said]
    for place, one in enumerate(said):
        if not rules[place]:
            continue
        heard = cues(language_of(one.bare, message))
        first = last = place
        if place and _together(message, said[place - 1], one) and heard.back.search(one.bare):
            first = place if _ASKS.search(said[place - 1].text) else place - 1
        while last + 1 < len(said) and _together(message, said[last], said[last + 1]):
            short = rules[last + 1] and heard.name in _UNSPACED and len(said[last].text) <= _SHORT
            if not short and not _limits(said[last + 1], message):
                break
            last += 1
        yield _Span(place, first, last)


def _conventions(said: Sequence[Said], message: str) -> list[Convention]:
    """The conventions of names and code that a message lays down, in English."""
    if not said or "en" not in _languages(said[0].bare, message):
        return []
    heard = cues("en")
    doubted = [
        bool(_ASKS.search(one.text) or heard.once.search(bare) or heard.doubt.search(bare))
        for one in said
        for bare in (_CONCEDED.sub("", one.bare),)
    ]
    return list(read_conventions([one.text for one in said], doubted))


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans of sentences in order, those that share a sentence as one."""
    made: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if made and first <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], last))
        else:
            made.append((first, last))
    return made


def _whole(message: str, said: Sequence[Said]) -> bool:
    """Whether sentences follow one another, with nothing between them that is not their writer's."""
    return all(not message[one.end : other.start].strip() for one, other in pairwise(said))


def _own(message: str) -> list[Said]:
    """The sentences that may lay down a rule: of a long text those at its ends, and nothing that is announced as
    somebody else's.
    """
    kept: list[Said] = []
    announced = -1
    for one in said_sentences(message):
        end = len(message) <= _PASTED or one.start < _ENDS or one.end > len(message) - _ENDS
        if not end or len(one.text) > LONGEST:
            announced = -1
            continue
        announces = cues(language_of(one.bare, message)).quoted.search(one.bare)
        # What was announced is the rest of its paragraph, or the next one.
        theirs = announced >= 0 and one.paragraph <= announced + 1
        if announces or not theirs:
            announced = one.paragraph if announces else -1
        if not theirs:
            kept.append(one)
    return kept


def _together(message: str, one: Said, other: Said) -> bool:
    """Whether a sentence goes on where another ends."""
    same = one.paragraph == other.paragraph and not other.item
    return same and not message[one.end : other.start].strip()


def _limits(said: Said, message: str) -> bool:
    """Whether a sentence is the condition or the exception of the one before it."""
    return bool(cues(language_of(said.bare, message)).onward.search(said.bare)) and not _ASKS.search(said.text)


def _lays_down(said: Said, message: str) -> bool:
    """Whether a sentence is a standing rule. One that may be of several languages is heard in each of them."""
    if _ASKS.search(said.text) or any(one.scratches for one in reversals(said.text)):
        return False
    heard = [cues(name) for name in _languages(said.bare, message)]
    return any(_binds(said, one) for one in heard) and not any(_passes(said, one) for one in heard)


def _binds(said: Said, heard: _Cues) -> bool:
    """Whether a sentence says that something holds for good."""
    bare = said.bare
    if heard.standing.search(bare):
        return bool(heard.rule.search(bare) or (heard.directs.search(bare) and not heard.report.search(bare)))
    # A reason that tells of what happened makes a wish about one function a repair, and no rule.
    return bool(heard.rule.search(bare)) and not heard.report.search(bare) and not _INSIDE.search(bare)


def _passes(said: Said, heard: _Cues) -> bool:
    """Whether a sentence holds once, wavers, or takes a rule back."""
    bare = _CONCEDED.sub("", said.bare)
    return bool(heard.once.search(bare) or heard.doubt.search(bare)) or _retired(said, heard.name) is not None


def _retired(said: Said, language: str) -> str | None:
    """What a sentence names of a rule that it takes back; None where it takes none back."""
    for cue in cues(language).retire:
        if (found := cue.search(said.bare)) and not _DENIED.search(said.bare[: found.start()]):
            return next((value for value in found.groupdict().values() if value), "").strip(" .,!")
    return None


def language_of(text: str, around: str = "") -> str:
    """The language of a sentence, by its script and its common words; where it has too few, that of what is around."""
    return _languages(text, around)[0]


def _languages(text: str, around: str) -> tuple[str, ...]:
    """The languages that a sentence may be of, the likeliest first."""
    if _KANA.search(text):
        return ("ja",)
    if len(_HAN.findall(text)) >= _FEW:
        # A sentence without kana is Chinese more often than not, even beside Japanese ones.
        return ("zh", "ja") if _KANA.search(around) else ("zh",)
    if len(_CYRILLIC.findall(text)) >= _FEW:
        return ("ru",)
    scores, wider = _scores(text), _scores(around)
    best = max(scores.values(), default=0)
    leading = [name for name, score in scores.items() if score == best]
    return tuple(sorted(leading, key=lambda name: -wider[name]))


@cache
def _latin() -> Sequence[_Cues]:
    return [cues(name) for name in LANGUAGES if cues(name).words]


def _scores(text: str) -> dict[str, int]:
    words = [word.lower() for word in _WORD.findall(text[:2_000])]
    return {one.name: sum(word in one.words for word in words) for one in _latin()}
