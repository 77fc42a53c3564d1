"""Tools that a client runs, though it declares them by their types alone; and tools in another wire's words."""

from collections.abc import Iterator
from typing import Any, Final

import anthropic
import pytest
from openai.types.responses import ResponseOutputItem
from pydantic import TypeAdapter

from tests.bundle import Bundle
from tests.upstream import StandIn
from tests.wires.models import Call, Model, Turn, model

_ITEM: TypeAdapter[Any] = TypeAdapter(ResponseOutputItem)
SCHEMA: Final = {"type": "object", "properties": {"city": {"type": "string"}}}


@pytest.fixture
def glm(upstream: StandIn, bundle: Bundle) -> Iterator[Model]:
    with model("chatglm", upstream, bundle) as playing:
        yield playing


@pytest.mark.parametrize(
    ("kind", "call", "item", "output"),
    [
        (
            {"type": "shell", "environment": {"type": "local"}},
            Call("shell", {"commands": '["ls"]'}),
            {"type": "shell_call", "action": {"commands": ["ls"]}},
            {"type": "shell_call_output", "output": [{"stdout": "a.txt", "stderr": "", "outcome": {"type": "exit"}}]},
        ),
        (
            {"type": "local_shell"},
            Call("local_shell", {"command": '["ls", "-l"]'}),
            {"type": "local_shell_call", "action": {"type": "exec", "command": ["ls", "-l"], "env": {}}},
            {"type": "local_shell_call_output", "output": '{"stdout": "a.txt"}'},
        ),
        (
            {"type": "apply_patch"},
            Call("apply_patch", {"type": "delete_file", "path": "a.txt"}),
            {"type": "apply_patch_call", "operation": {"type": "delete_file", "path": "a.txt"}},
            {"type": "apply_patch_call_output", "status": "completed", "output": "a.txt is gone"},
        ),
        (
            {"type": "computer_use_preview", "display_width": 800, "display_height": 600, "environment": "browser"},
            Call("computer", {"type": "wait"}),
            {"type": "computer_call", "action": {"type": "wait"}, "pending_safety_checks": []},
            {"type": "computer_call_output", "output": "a.txt is on the screen"},
        ),
    ],
    ids=lambda value: value.get("type") if isinstance(value, dict) else "",
)
def test_a_tool_of_openais_is_called_in_its_own_item(
    glm: Model, kind: Any, call: Call, item: dict[str, Any], output: dict[str, Any]
) -> None:
    glm.play(Turn(calls=(call,)), Turn("Done."))
    client = glm.bundle.client(glm.key)
    asked: list[Any] = [{"role": "user", "content": "Look."}]
    made = client.responses.create(model="glm-5.3", input=asked, tools=[kind])
    (called,) = [one.to_dict() for one in made.output]
    _ITEM.validate_python(called)
    assert {field: called[field] for field in item} == item
    history: Any = [*asked, called, {**output, "call_id": called["call_id"]}]
    client.responses.create(model="glm-5.3", input=history, tools=[kind])
    assert "a.txt" in glm.asked()[-1]
    assert call.name in glm.asked()[-1]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ({"type": "bash_20250124", "name": "bash"}, "bash"),
        ({"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"}, "str_replace_based_edit_tool"),
        ({"type": "memory_20250818", "name": "memory"}, "memory"),
        (
            {"type": "computer_20250124", "name": "computer", "display_width_px": 80, "display_height_px": 60},
            "computer",
        ),
        ({"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}, "weather"),
        ({"type": "function", "name": "weather", "parameters": SCHEMA}, "weather"),
    ],
    ids=lambda value: value.get("type") if isinstance(value, dict) else "",
)
def test_messages_take_tools_that_the_client_runs(glm: Model, kind: Any, name: str) -> None:
    glm.play(Turn(calls=(Call(name, {"command": "view", "action": "wait", "path": "a", "city": "b"}),)))
    client = anthropic.Anthropic(base_url=glm.bundle.url, api_key=glm.key, max_retries=0)
    made = client.messages.create(
        model="glm-5.3", max_tokens=500, messages=[{"role": "user", "content": "Look."}], tools=[kind]
    )
    assert [block.name for block in made.content if block.type == "tool_use"] == [name]
