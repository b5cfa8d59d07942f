"""The fake server, by the real SDK, where the model itself does not use it so."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from anthropic import AsyncAnthropic, BadRequestError
from anthropic.types import MessageParam, TextBlock

from throughline.testing.messages_server import MessagesServer, ScriptedReply
from throughline.testing.model_rules import known_models
from throughline.testing.scripted_replies import echo

SAID: list[MessageParam] = [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}]


async def test_it_echoes_counts_and_lists_models() -> None:
    async with MessagesServer(echo) as fake, AsyncAnthropic(api_key="any", base_url=fake.url) as client:
        reply = await client.messages.create(model="fake", max_tokens=10, messages=SAID)
        count = await client.messages.count_tokens(model="fake", messages=SAID)
        models = [model.id async for model in client.models.list()]
    assert [block.text for block in reply.content if isinstance(block, TextBlock)] == ["You said: Hello"]
    assert count.input_tokens > 0
    assert models == list(known_models())


async def test_as_a_process_it_follows_a_script_and_prints_what_it_refuses(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text('[{"text": "Hello.", "thinking": "A greeting."}]')
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "throughline.testing.messages_server", "--script", str(script)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        url = (await process.stdout.readline()).decode().strip()
        async with AsyncAnthropic(api_key="any", base_url=url, max_retries=0) as client:
            with pytest.raises(BadRequestError, match=r"thinking\.type\.disabled"):
                await client.messages.create(
                    model="claude-opus-5-5", max_tokens=10, messages=SAID, thinking={"type": "disabled"}
                )
            assert b'refused: "thinking.type.disabled"' in await process.stdout.readline()
            reply = await client.messages.create(model="claude-opus-5-5", max_tokens=10, messages=SAID)
        assert [block.type for block in reply.content] == ["thinking", "redacted_thinking", "text"]
    finally:
        process.terminate()
        await process.wait()


async def test_a_request_beyond_the_script_is_refused() -> None:
    async with (
        MessagesServer([ScriptedReply(text="one")]) as fake,
        AsyncAnthropic(api_key="a", base_url=fake.url) as client,
    ):
        await client.messages.create(model="fake", max_tokens=10, messages=SAID)
        with pytest.raises(BadRequestError, match="no more replies"):
            await client.messages.create(model="fake", max_tokens=10, messages=SAID)
