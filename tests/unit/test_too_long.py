"""Servers' words for a prompt that does not fit."""

from __future__ import annotations

import pytest

from throughline.domain.ports import TooLongError
from throughline.llm.errors import status_error

TOO_LONG = [
    (400, "prompt is too long: 210000 tokens > 200000 maximum", 200_000),
    (
        400,
        "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease",
        200_000,
    ),
    (413, "Request exceeds the maximum size", 0),
    (413, "", 0),
    (400, "This model's maximum context length is 32768 tokens. However, you requested 40000 tokens.", 32_768),
    (400, "This endpoint's maximum context length is 131,072 tokens. However, you requested about 150000.", 131_072),
    (400, "'max_tokens' is too large: 8192. This model's maximum context length is 8192 tokens and your", 8_192),
    (400, "the request exceeds the available context size (8192 tokens), try increasing it", 8_192),
    (500, "the request exceeds the available context size. try increasing the context size", 0),
    (400, "The decoder prompt (length 40000) is longer than the maximum model length of 32768.", 32_768),
    (400, "The input (40000 tokens) is longer than the model's context length (32768 tokens).", 32_768),
    (400, "Input is too long for requested model.", 0),
    (400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", 1_048_576),
    (400, "prompt token count of 140000 exceeds the limit of 128000", 128_000),
    (400, "Prompt contains 40000 tokens, too large for model with 32768 maximum context length", 32_768),
    (400, "This model's maximum prompt length is 131072 but the request contains 537812 tokens.", 131_072),
    (422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000", 4_096),
    (400, "the model is loaded with context length of only 4096 tokens, which is not enough", 4_096),
    (400, "Your request exceeded model token limit: 262144", 262_144),
    (400, "Your input exceeds the context window of this model. (context_length_exceeded)", 0),
]
OTHER = [
    (400, "max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens for the model"),
    (400, "messages: at least one message is required"),
    (400, "tools.0.name: String should have at most 64 characters"),
    (400, "messages.1.content.0: text content blocks must be non-empty"),
    (400, "system: the file name is too long"),
    (429, "This request would exceed your rate limit of 30000 input tokens per minute; the prompt is too long"),
    (401, "the key is too long"),
    (529, "overloaded"),
]


@pytest.mark.parametrize(("status", "said", "limit"), TOO_LONG)
def test_a_servers_words_for_too_long_are_understood_with_the_limit_that_they_name(
    status: int, said: str, limit: int
) -> None:
    error = status_error(status, "", said, "m", "http://127.0.0.1")
    assert isinstance(error, TooLongError)
    assert error.limit == limit


@pytest.mark.parametrize(("status", "said"), OTHER)
def test_other_refusals_are_not_taken_for_a_prompt_that_is_too_long(status: int, said: str) -> None:
    assert not isinstance(status_error(status, "", said, "m", "http://127.0.0.1"), TooLongError)


def test_the_type_of_an_error_alone_says_it_too() -> None:
    assert isinstance(status_error(200, "request_too_large", "", "m", "http://127.0.0.1"), TooLongError)
    assert isinstance(status_error(400, "exceed_context_size_error", "no room", "m", "http://127.0.0.1"), TooLongError)
