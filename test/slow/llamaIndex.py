"""One tool loop of LlamaIndex's agent, as the JSON on the command line says; what came of it as JSON on stdout."""

import asyncio
import json
import sys

from llama_index.core.agent.workflow import FunctionAgent, ToolCallResult
from llama_index.core.base.llms.types import LLMMetadata
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.google_genai import GoogleGenAI
from llama_index.llms.openai import OpenAIResponses
from llama_index.llms.openai_like import OpenAILike

asked = json.loads(sys.argv[1])
url, key, name = asked["url"], asked["key"], asked["model"]

metadata = LLMMetadata(context_window=100_000, is_chat_model=True, is_function_calling_model=True, model_name=name)


class AnyAnthropic(Anthropic):
    """Of the names that it does not know it asks nothing."""

    @property
    def metadata(self) -> LLMMetadata:
        return metadata


class AnyResponses(OpenAIResponses):
    @property
    def metadata(self) -> LLMMetadata:
        return metadata


if asked["api"] == "chat":
    llm = OpenAILike(
        model=name, api_base=f"{url}/v1", api_key=key, context_window=100_000, is_chat_model=True,
        is_function_calling_model=True, max_retries=0,
    )
elif asked["api"] == "responses":
    llm = AnyResponses(model=name, api_base=f"{url}/v1", api_key=key, max_retries=0)
elif asked["api"] == "anthropic":
    llm = AnyAnthropic(model=name, base_url=f"{url}/anthropic", api_key=key, max_tokens=4_000, max_retries=0)
else:
    llm = GoogleGenAI(
        model=name, api_key=key, http_options={"base_url": url}, max_tokens=4_000, context_window=100_000,
        is_function_calling_model=True, max_retries=1,
    )


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"rain in {city}"


def get_time() -> str:
    """The time."""
    return "noon"


async def play() -> dict:
    agent = FunctionAgent(llm=llm, tools=[get_weather, get_time], streaming=asked["stream"])
    handler = agent.run(user_msg=asked["prompt"])
    calls = []
    async for event in handler.stream_events():
        if isinstance(event, ToolCallResult):
            calls.append({"name": event.tool_name, "args": event.tool_kwargs})
    return {"text": str(await handler), "calls": calls}


print(json.dumps(asyncio.run(play())))
