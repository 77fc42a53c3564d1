"""Tools that the caller runs, declared by a type alone: what their vendors' documentation says that they take."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lib.types.chat import Tool

_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "integer"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_POINT: Final = {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2, "description": "x and y in pixels"}
_EDITS: Final = {
    "path": _TEXT,
    "file_text": {**_TEXT, "description": "create: the whole file"},
    "old_str": {**_TEXT, "description": "str_replace: what stands there once"},
    "new_str": {**_TEXT, "description": "str_replace: what is to stand there"},
    "insert_line": {**_NUMBER, "description": "insert: after this line, from 0"},
    "insert_text": {**_TEXT, "description": "insert: the lines"},
    "view_range": {"type": "array", "items": _NUMBER, "description": "view: first and last line, -1 for the end"},
}


def _one_of(*words: str) -> Mapping[str, Any]:
    return {"type": "string", "enum": [*words]}


def _tool(name: str, about: str, required: Sequence[str], **fields: Any) -> Tool:
    return Tool(name, about, {"type": "object", "properties": fields, "required": [*required]})


_KNOWN: Final[Sequence[tuple[str, Tool]]] = (
    (
        r"local_shell",
        _tool(
            "local_shell",
            "Runs a command on the user's machine.",
            ["command"],
            command={**_TEXTS, "description": "The program and its arguments, as execvp takes them"},
            working_directory=_TEXT,
            timeout_ms=_NUMBER,
        ),
    ),
    (
        r"shell",
        _tool(
            "shell",
            "Runs commands in the user's shell.",
            ["commands"],
            commands=_TEXTS,
            timeout_ms=_NUMBER,
            max_output_length=_NUMBER,
        ),
    ),
    (
        r"apply_patch",
        _tool(
            "apply_patch",
            "Creates, changes or deletes a file. `diff` holds the file's new lines, each after a +, or for update_file "
            "a diff in the V4A form: lines with @@ name the place, lines of context begin with a space.",
            ["type", "path"],
            type=_one_of("create_file", "update_file", "delete_file"),
            path=_TEXT,
            diff=_TEXT,
        ),
    ),
    (
        r"computer(_use.*)?",
        _tool(
            "computer",
            "Uses the user's screen, mouse and keyboard; a screenshot comes back.",
            ["type"],
            type=_one_of("click", "double_click", "drag", "keypress", "move", "screenshot", "scroll", "type", "wait"),
            x=_NUMBER,
            y=_NUMBER,
            button=_one_of("left", "right", "wheel", "back", "forward"),
            scroll_x=_NUMBER,
            scroll_y=_NUMBER,
            keys=_TEXTS,
            text=_TEXT,
            path={"type": "array", "items": {"type": "object", "properties": {"x": _NUMBER, "y": _NUMBER}}},
        ),
    ),
    (
        r"bash_\d+",
        _tool(
            "bash",
            "Runs a command in the user's bash, which stays open.",
            [],
            command=_TEXT,
            restart={"type": "boolean", "description": "Start it anew, without a command"},
        ),
    ),
    (
        r"text_editor_\d+",
        _tool(
            "str_replace_based_edit_tool",
            "Shows, makes and changes files of the user's.",
            ["command", "path"],
            command=_one_of("view", "create", "str_replace", "insert"),
            **_EDITS,
        ),
    ),
    (
        r"memory_\d+",
        _tool(
            "memory",
            "Keeps notes in files under /memories from one conversation to the next. Look there before you begin.",
            ["command"],
            command=_one_of("view", "create", "str_replace", "insert", "delete", "rename"),
            **_EDITS,
            old_path={**_TEXT, "description": "rename"},
            new_path={**_TEXT, "description": "rename"},
        ),
    ),
    (
        r"computer_\d+",
        _tool(
            "computer",
            "Uses the user's screen, mouse and keyboard; a screenshot comes back.",
            ["action"],
            action=_one_of(
                *("screenshot", "left_click", "right_click", "middle_click", "double_click", "triple_click", "type"),
                *("key", "mouse_move", "left_click_drag", "left_mouse_down", "left_mouse_up", "scroll", "hold_key"),
                *("wait", "cursor_position", "zoom"),
            ),
            coordinate=_POINT,
            start_coordinate=_POINT,
            text={**_TEXT, "description": "type: the text; key, hold_key: the keys, as in ctrl+s"},
            scroll_direction=_one_of("up", "down", "left", "right"),
            scroll_amount=_NUMBER,
            duration={"type": "number", "description": "Seconds"},
            region={"type": "array", "items": _NUMBER, "description": "zoom: x0, y0, x1, y1"},
        ),
    ),
)


def client_tool(kind: str, name: str = "", declared: Mapping[str, Any] | None = None) -> Tool | None:
    """The tool that this type declares, by the caller's `name` for it; None for one that only its own service runs.

    `declared`: all that the caller wrote, of which the model has to know the size of the screen.
    """
    found = next((tool for pattern, tool in _KNOWN if re.fullmatch(pattern, kind)), None)
    given = declared or {}
    environment = given.get("environment")
    if found is None or (isinstance(environment, dict) and environment.get("type") != "local"):
        return None  # A container of the vendor's.
    width, height = (given.get(f"display_{side}_px") or given.get(f"display_{side}") for side in ("width", "height"))
    about = f"{found.description} It has {width} x {height} pixels." if width and height else found.description
    return found._replace(name=name or found.name, description=about)
