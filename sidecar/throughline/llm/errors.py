"""Errors of requests to a model: for each failure one line that says what to do."""

from __future__ import annotations

import math
import re
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from throughline.domain.ports import ModelError, TooLongError

NO_KEY = "There is no API key: run “Throughline: Set API Key”, or set ANTHROPIC_API_KEY."
BAD_KEY = "The API key contains characters that no key has: copy it again and set it anew."
BAD_URL = "The base URL is not a plain http or https address: correct it in the settings, or leave it empty."
_CUT = "The connection to the model broke off in the middle of its reply: retry."

# By HTTP status.
_TEXTS = {
    401: "The API key was refused: check it, or set another with “Throughline: Set API Key”.",
    402: "The account has no credit left: add some in the console, then retry.",
    403: "The API key may not use {model}: choose another model, or a key that may.",
    408: "{host} took too long to answer: retry.",
    404: "There is no model {model} at {host}: check the model's name and the base URL in the settings.",
    429: "The rate limit is reached: wait {wait}, then retry.",
    529: "The model is overloaded: wait {wait}, then retry.",
}
# An error within a stream that had begun well has the status 200, and its type alone tells.
_TYPES = {
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "exceed_context_size_error": 413,
    "rate_limit_error": 429,
    "overloaded_error": 529,
}
_TOO_LONG = "The prompt is too long for {model}: compact the session with /compact, then retry."
# What servers say where a prompt, or it and the longest reply together, do not fit. A number of tokens that is named is
# the limit. The limit of a reply alone, and a quota of tokens a minute, say other things.
_WORDINGS = tuple(
    re.compile(wording, re.IGNORECASE | re.DOTALL)
    for wording in (
        r"(?:prompt|input|message|request|conversation)s?(?: tokens)? (?:is|are|was|were) too (?:long|large)\b"
        r"(?:.*?> ?(?P<limit>[\d,]+))?",  # Anthropic, Bedrock, Groq
        r"exceeds? (?:the )?context limit(?:: *\d+ *\+ *\d+ *> *(?P<limit>[\d,]+))?",  # Anthropic, with the reply
        # OpenAI, vLLM, OpenRouter, DeepSeek, Mistral, SGLang, xAI
        r"(?:maximum|max) (?:context|model|prompt|sequence) (?:length|size|window)(?: is| of|:)? *(?P<limit>[\d,]+)?",
        r"(?P<limit>[\d,]+) maximum context length",
        r"available context size(?: \((?P<limit>[\d,]+) tokens\))?",  # llama.cpp
        r"(?:longer|larger|greater|bigger) than the (?:model's )?(?:maximum )?(?:context|model|prompt)\b"
        r"[^\d]*(?P<limit>[\d,]+)?",
        r"context length of only (?P<limit>[\d,]+)",  # LM Studio
        r"exceed(?:s|ed|ing)? (?:the |this |your )?(?:model'?s? )?(?:maximum )?(?:context|token) "
        r"(?:length|window|size|limit)(?: of|:)? *(?P<limit>[\d,]+)?",
        r"exceeds? the (?:maximum number of tokens allowed|limit of)(?: \()? *(?P<limit>[\d,]+)?",  # Gemini, Copilot
        r"`?inputs`? tokens \+ `?max_new_tokens`? must be <= (?P<limit>[\d,]+)",  # TGI
        r"too many tokens.*cannot exceed (?P<limit>[\d,]+)",  # Cohere
        r"context[_ ](?:length|window)[_ ]exceed(?:s|ed)?",
        r"exceed_context_size|model_context_window_exceeded",
    )
)
# Under one of these an account without credit is refused.
_ABOUT_MONEY = frozenset({400, 402, 403, 429})
# A refusal for one of these reasons is never about the length.
_OTHER_REASONS = frozenset({401, 402, 403, 404, 408, 429, 529})
# No model has a smaller window, so that a smaller number is no limit.
_LEAST = 256
# What servers say, under several statuses, where money is what is missing, and where their filter stopped a text.
_CREDIT = re.compile(
    r"credit balance|insufficient[_ ](?:credits?|quota|balance|funds)|exceeded your current quota", re.IGNORECASE
)
_SPENT = re.compile(r"\b(?:usage|spend(?:ing)?) limits?\b", re.IGNORECASE)
_FILTERED = re.compile(r"content[_ -](?:filter|policy)|content management policy|blocked by .*safety", re.IGNORECASE)
_LIMITED = "The account's limit is reached ({detail}): raise it in the console, then retry."
_STOPPED = "The provider's content filter stopped this ({detail}): say it in another way, or leave that out."
_REFUSED = "The model refused the request ({detail}): this is a fault in Throughline or in its settings."
_BROKEN = "The model failed ({detail}): retry."


def status_error(status: int, kind: str, detail: str, model: str, url: str, wait: str = "") -> ModelError:
    """The error for a status (200 where a stream failed later), an error type and a message of the API; `wait` is the
    header that says for how many seconds to wait.
    """
    code = _TYPES.get(kind, 400 if kind == "invalid_request_error" and status == 200 else status)
    if code in _ABOUT_MONEY and _CREDIT.search(detail):
        code = 402
    if code == 413 or (code not in _OTHER_REASONS and is_too_long(detail)):
        return TooLongError(_TOO_LONG.format(model=model), context_limit(detail))
    if code in {400, 403} and _SPENT.search(detail):
        text = _LIMITED
    elif code in {400, 403} and _FILTERED.search(detail):
        text = _STOPPED
    elif code == 400 or (code != 402 and kind == "invalid_request_error"):
        text = _REFUSED
    elif code in _TEXTS:
        text = _TEXTS[code]
    else:
        text = _REFUSED if 400 <= code < 500 else _BROKEN
    said = _line(detail) or f"status {status}"
    return ModelError(text.format(model=model, host=host(url), detail=said, wait=_wait(wait)))


def is_too_long(detail: str) -> bool:
    """Whether a server's words say that a prompt does not fit into the model's context."""
    return any(wording.search(detail) for wording in _WORDINGS)


def context_limit(detail: str) -> int:
    """The context limit that a server's words name, in the model's own tokens; 0 where they name none."""
    for wording in _WORDINGS:
        found = wording.search(detail)
        named = (found.groupdict().get("limit") or "").replace(",", "") if found else ""
        if named and int(named) >= _LEAST:
            return int(named)
    return 0


def retry_after(seconds: str, milliseconds: str = "") -> float:
    """The wait that a server's headers ask for, in seconds; 0 where they ask for none that can be read."""
    for said, unit in ((milliseconds, 1000), (seconds, 1)):
        if re.fullmatch(r"\d{1,9}(?:\.\d{1,9})?", said.strip(), re.ASCII):
            return float(said) / unit
    with suppress(ValueError, TypeError, OverflowError):
        return max(0.0, parsedate_to_datetime(seconds).timestamp() - time.time())
    return 0.0


def waiting_line(status: int, seconds: float) -> str:
    """What the user sees while a request waits to be sent again."""
    why = {429: "Rate limit", 529: "The model is overloaded"}.get(status, "The model failed")
    return f"{why}: waiting {math.ceil(seconds)} s, then it is asked again. Stop the turn to end the wait."


def unreachable_error(url: str, *, slow: bool = False) -> ModelError:
    """The error where no answer came at all."""
    what = "took too long to answer" if slow else "cannot be reached"
    return ModelError(f"{host(url)} {what}: check the network and the base URL, then retry.")


def cut_stream_error() -> ModelError:
    """The error where a reply stopped before its end."""
    return ModelError(_CUT)


def foreign_server_error(url: str) -> ModelError:
    """The error where something answered that is no Messages API."""
    return ModelError(f"{host(url)} does not answer as the Messages API does: check the base URL in the settings.")


def garbled_arguments_error(tool: str) -> ModelError:
    """The error where a call's arguments are not JSON."""
    return ModelError(f"The model's call of {tool} cannot be read: retry.")


def unwarmable_error(model: str) -> ModelError:
    """The error where a cache cannot be filled without asking for a reply."""
    return ModelError(f"{model} thinks by a budget, so that its cache fills with the first message alone.")


def host(url: str) -> str:
    """A URL's host and port."""
    return urlsplit(url).netloc


def _wait(header: str) -> str:
    seconds = math.ceil(retry_after(header))
    return f"{seconds} seconds" if 1 < seconds < 120 else f"{round(seconds / 60)} minutes" if seconds else "a minute"


def _line(detail: str) -> str:
    """A server's words in one short line, with anything that looks like a key taken out."""
    plain = re.sub(r"\b(sk-|Bearer\s+)\S+", "…", " ".join(detail.split()))
    return plain if len(plain) <= 200 else plain[:199] + "…"
