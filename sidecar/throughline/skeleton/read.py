"""Reading a file's outline: what its language's query found, put in its place by one scan."""

from collections.abc import Iterable, Iterator
from typing import get_args

from throughline.skeleton import languages
from throughline.skeleton.bounds import Patience, endless
from throughline.skeleton.draft import Draft
from throughline.skeleton.heads import decorate, furnish
from throughline.skeleton.languages.language import Language
from throughline.skeleton.outline import Kind, Outline
from throughline.skeleton.parse import Match, matches
from throughline.skeleton.scan import Scan
from throughline.skeleton.source import Source, Span, following

KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind) if kind != "attribute"}


def outline(path: str, text: str, late: Patience = endless) -> Outline | None:
    """The outline of a file's text, or None for an unknown suffix, for what is hardly source, and when it is late."""
    found = languages.find(path)
    if found is None:
        return None
    language, suffix = found
    data = text.removeprefix("\ufeff").encode(errors="replace")
    hits = matches(language, suffix, data, late)
    if hits is None:
        return None
    spans = list(_spans(hits, data))
    decorators = [hit.nodes["decorator"] for hit in hits if "decorator" in hit.nodes]
    source = Source.build(data, [*spans, *(Span(node.start_byte, node.end_byte, b" ") for node in decorators)])
    drafts = _drafts(language, hits)
    furnish(drafts, hits, source)
    decorate(drafts, decorators, Source.build(data, spans))
    scan = Scan(language, source)
    scan.run(drafts, hits)
    return Outline(
        path=path,
        language=language.name,
        imports=tuple(scan.imports),
        items=tuple(draft.item(source) for draft in scan.items),
        broken=scan.broken,
        lines=data.count(b"\n") + (not data.endswith(b"\n") and bool(data)),
        doc=scan.doc,
        loose=scan.loose,
        bodies=scan.bodies,
    )


def _spans(hits: Iterable[Match], data: bytes) -> Iterator[Span]:
    """What is not plain code: comments are cut, strings kept, members parted."""
    for hit in hits:
        if node := hit.nodes.get("comment"):
            yield Span(node.start_byte, node.end_byte, b" ")
        if node := hit.nodes.get("string"):
            yield Span(node.start_byte, node.end_byte, data[node.start_byte : node.end_byte])
        if node := hit.nodes.get("elided"):
            yield Span(node.start_byte, node.end_byte, hit.settings.get("elided", ";").encode())
        if (node := hit.nodes.get("separate")) and not _ends(data, node.end_byte):
            yield Span(node.end_byte, node.end_byte, b";")


def _ends(data: bytes, place: int) -> bool:
    """Whether a member's end is marked there by more than the end of a line."""
    after = following(data, place)
    return data[after : after + 1] in b";,}"


def _drafts(language: Language, hits: Iterable[Match]) -> list[Draft]:
    """A draft for each definition. Of several matches for one node the one with the most parts counts."""
    drafts: dict[int, Draft] = {}
    for hit in hits:
        kind = next((KINDS[name] for name in hit.nodes if name in KINDS), None)
        if kind is None:
            continue
        what, parts = language.complete(kind, hit.nodes)
        draft = Draft(what, hit.nodes[kind], parts, hit.settings, language, end=hit.nodes[kind].end_byte)
        known = drafts.setdefault(draft.node.id, draft)
        if draft.fullness > known.fullness:
            drafts[draft.node.id] = draft
    for hit in hits:
        # `export default class {}` is found as a class and as a value: the definition inside counts.
        if "wrapped" in hit.nodes and hit.nodes["wrapped"].id in drafts:
            drafts.pop(hit.nodes["wrapper"].id, None)
    return sorted(drafts.values(), key=lambda draft: (draft.node.start_byte, -draft.node.end_byte))
