"""One tool loop of Pydantic AI's agent, as the JSON on the command line says; what came of it as JSON on stdout."""

import json
import sys

from pydantic_ai import Agent, ModelResponse, ToolCallPart
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.google import GoogleProvider
from pydantic_ai.providers.openai import OpenAIProvider

asked = json.loads(sys.argv[1])
url, key, name = asked["url"], asked["key"], asked["model"]
if asked["api"] == "chat":
    model = OpenAIChatModel(name, provider=OpenAIProvider(base_url=f"{url}/v1", api_key=key))
    thinking = {"openai_reasoning_effort": "low"}
elif asked["api"] == "responses":
    model = OpenAIResponsesModel(name, provider=OpenAIProvider(base_url=f"{url}/v1", api_key=key))
    thinking = {"openai_reasoning_effort": "low", "openai_reasoning_summary": "auto"}
elif asked["api"] == "anthropic":
    model = AnthropicModel(name, provider=AnthropicProvider(base_url=f"{url}/anthropic", api_key=key))
    thinking = {"anthropic_thinking": {"type": "adaptive", "display": "summarized"}}
else:
    model = GoogleModel(name, provider=GoogleProvider(base_url=url, api_key=key))
    thinking = {"google_thinking_config": {"include_thoughts": True, "thinking_level": "LOW"}}

agent = Agent(model, model_settings=thinking if asked["think"] else None)


@agent.tool_plain
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"rain in {city}"


@agent.tool_plain
def get_time() -> str:
    """The time."""
    return "noon"


async def consume(_, events):
    """Makes it stream; `run_stream` would take the first words of a turn for the end of the loop."""
    async for _ in events:
        pass


result = agent.run_sync(asked["prompt"], event_stream_handler=consume if asked["stream"] else None)
usage = result.usage() if callable(result.usage) else result.usage
calls = [
    {"name": part.tool_name, "args": part.args_as_dict()}
    for message in result.all_messages()
    if isinstance(message, ModelResponse)
    for part in message.parts
    if isinstance(part, ToolCallPart)
]
print(json.dumps({"text": result.output, "calls": calls, "usage": {"input": usage.input_tokens, "output": usage.output_tokens}}))
