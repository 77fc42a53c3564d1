"""The form in which tools are declared, called and answered: every constant of it, so that another form is a line away.

GLM models are trained on `TRAINED` (tools.md, "The form GLM is trained on"). `DSML` is what most programs use over
chatglm.cn. Which one the prompt asks for is `DIALECT`; the reader reads both, and some that models drift into.
"""

from typing import Final, Literal, NamedTuple


class CallSyntax(NamedTuple):
    """How a call is written: name, keys and values with these texts between them."""

    name: str
    instruction: str
    """What the declaration says about the form."""
    opener: str
    after_name: str
    before_key: str
    after_key: str
    after_value: str
    closer: str


TRAINED: Final = CallSyntax(
    name="trained",
    instruction=(
        "For each function call, output the function name and arguments within the following XML format:\n"
        "<tool_call>{function-name}<arg_key>{arg-key-1}</arg_key><arg_value>{arg-value-1}</arg_value>"
        "<arg_key>{arg-key-2}</arg_key><arg_value>{arg-value-2}</arg_value>...</tool_call>"
    ),
    opener="<tool_call>",
    after_name="",
    before_key="<arg_key>",
    after_key="</arg_key><arg_value>",
    after_value="</arg_value>",
    closer="</tool_call>",
)

DSML: Final = CallSyntax(
    name="dsml",
    instruction=(
        "For each function call, output the function name and arguments within the following XML format:\n"
        '<|DSML|invoke name="{function-name}">'
        '<|DSML|parameter name="{arg-key-1}"><![CDATA[{arg-value-1}]]></|DSML|parameter>'
        '<|DSML|parameter name="{arg-key-2}"><![CDATA[{arg-value-2}]]></|DSML|parameter>...</|DSML|invoke>'
    ),
    opener='<|DSML|invoke name="',
    after_name='">',
    before_key='<|DSML|parameter name="',
    after_key='"><![CDATA[',
    after_value="]]></|DSML|parameter>",
    closer="</|DSML|invoke>",
)

DIALECT: Final = TRAINED
"""What the prompt asks for."""

PLACE: Final[Literal["before", "after"]] = "before"
"""Where the declaration stands: before the conversation, as in training, or after it."""

DECLARATION: Final = (
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>\n{tools}\n</tools>\n\n{form}"
)

RESULT_OPENER: Final = "[TOOL RESULT from "
RESULT_CLOSER: Final = "[END OF TOOL RESULT]"
"""Plain brackets: `<tool_response>` was seen to make loops over web services (tools.md, "The form")."""

SERVICE_TOOLS: Final = frozenset({"search", "retrieve", "open", "open_url", "execute_sandbox_code", "finish"})
"""The service's own tools: a native call of one of these is never the caller's (tools.md, "Two ways")."""

SERVICE_CALL: Final = "mc_tool_call2"
"""The `show_type` of a call of the service's own tools."""

CALLERS_CALL: Final = "mc_tool_call"
"""The `show_type` of a native call of a tool that the prompt declared."""

PREFIX: Final = "client__"
"""Stands before the names that equal one of the service's tools, and before those that have it already: no two tools
are shown by one name."""

PREFIX_ALL: Final = False
"""Does the prefix stand before every name."""


def shown_name(name: str) -> str:
    """What the model knows a tool of the caller's by."""
    return PREFIX + name if PREFIX_ALL or name in SERVICE_TOOLS or name.startswith(PREFIX) else name


# What is read. `｜` is the wide bar that some models write.

CALL_OPENER: Final = "<tool_call>"
INVOKE_OPENERS: Final = ("<invoke name=", "<|DSML|invoke name=", "<｜DSML｜invoke name=")
WRAPPER_OPENERS: Final = (
    "<function_calls>",
    "<tool_calls>",
    "<|DSML|function_calls>",
    "<|DSML|tool_calls>",
    "<｜DSML｜function_calls>",
    "<｜DSML｜tool_calls>",
)
"""May stand around `invoke` blocks; they mean nothing."""

STOP_MARKS: Final = ("<tool_response>", "<|observation|>", "<|user|>", RESULT_OPENER)
"""Where the model begins to invent results or the user's words: nothing from here on is its answer."""

CDATA_OPENER: Final = "<![CDATA["
CDATA_CLOSERS: Final = ("]]>", "]]|>")
"""The second is how models mangle the first; it also comes doubled, or not at all."""


class Form(NamedTuple):
    """The marks inside a block."""

    key_openers: tuple[str, ...]
    value_closers: tuple[str, ...]
    closers: tuple[str, ...]


TAGGED: Final = Form(("<arg_key>",), ("</arg_value>",), ("</tool_call>",))
KEY_CLOSER: Final = "</arg_key>"
VALUE_OPENER: Final = "<arg_value>"

INVOKE: Final = Form(
    ("<parameter name=", "<|DSML|parameter name=", "<｜DSML｜parameter name="),
    ("</parameter>", "</|DSML|parameter>", "</｜DSML｜parameter>"),
    ("</invoke>", "</|DSML|invoke>", "</｜DSML｜invoke>"),
)

STRAY_CLOSERS: Final = (KEY_CLOSER, *TAGGED.value_closers, "</name>", "</tool_name>", "</function>")
"""Closers without an opener that were seen after a name or a value: they mean nothing."""

OPENERS: Final = (CALL_OPENER, *INVOKE_OPENERS, *WRAPPER_OPENERS)
CLOSERS: Final = (
    *TAGGED.closers,
    *INVOKE.closers,
    *INVOKE.value_closers,
    *STRAY_CLOSERS,
    *(opener.replace("<", "</") for opener in WRAPPER_OPENERS),
    *CDATA_CLOSERS,
)
"""What may be left over after a block."""

ESCAPED: Final = (
    *OPENERS,
    *(opener.replace("<", "</") for opener in WRAPPER_OPENERS),
    *TAGGED.key_openers,
    *TAGGED.value_closers,
    *TAGGED.closers,
    KEY_CLOSER,
    VALUE_OPENER,
    *(mark for form in (INVOKE,) for marks in form for mark in marks if "DSML" in mark),
    "<tools>",
    "</tools>",
    "</tool_response>",
    *STOP_MARKS,
    RESULT_CLOSER,
)
"""Every mark that a text of the caller's, of a tool's or of a page's must not hold as it is.

Marks that mean something only inside a call and that XML of all kinds holds, as `</parameter>`, are left alone.
"""
