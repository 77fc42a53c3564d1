"""The named facts of docs/protocol.md, and what was found of each."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

PROTOCOL = Path(__file__).parents[2] / "docs" / "protocol.md"
_ROW = re.compile(r"^\| `([a-z0-9.-]+)` \| (.+)$", re.MULTILINE)
_CELL = re.compile(r"(?<!\\) \| ")

CONSEQUENCES = (
    ("envelope", "answers that are no streams may be read wrongly: a success as a failure, or the other way round"),
    ("refresh.answer", "no refresh token can be used: every request with one fails"),
    ("refresh.rotates", "nothing: a token that stays the same is remembered as well"),
    (
        "token.",
        "the expiry or the account of a token is read wrongly: calls with dead tokens, accounts mixed up in turns",
    ),
    ("user.info", "a dead, closed or visitor's account is not recognised by /token/check and the owner's list"),
    ("user.points", "points are not shown, or wrongly"),
    ("user.claim", "the day's credit cannot be taken by the page's button"),
    ("cookies.", "cookies are returned whatever their names; refusals with 40012 may become more frequent"),
    ("sign.", "every call is refused until GLM_SIGN_SECRET or the signature is put right"),
    ("headers.", "calls are refused until the page's headers are put right"),
    ("refusal.", "a refusal is told to clients as something else than it is"),
    ("chat.made-up", "whoever goes on in a conversation that is gone is told something else than that"),
    ("chat.new-conversation", "conversations stay in the account's list, and none can be gone on in"),
    ("chat.pairs", "an effort that clients ask for is refused or does nothing"),
    ("chat.models", "a model is asked for that is gone, or one that is there is not offered"),
    ("chat.search", "answers come without what a search found"),
    ("chat.", "chats fail: clients get an error in place of an answer"),
    ("models.list", "nothing: the table in the code is used; /v1/models may list what is gone"),
    ("stop", "generations run on after a client left, and keep the account busy"),
    ("continue", "an answer that breaks off cannot be taken up again: its client gets an error"),
    ("events.dialect", "text may come twice or be lost where guessing the dialect from the texts goes wrong"),
    ("events.deltas", "streamed text may be repeated or lacking, and be put right at the end alone"),
    ("events.snapshots", "streamed text may be repeated or lacking, and be put right at the end alone"),
    ("events.whole", "what a finished part adds is not told"),
    ("events.texts", "a part of the answer is left out"),
    ("events.silent", "a part of the answer is left out"),
    ("events.roles", "words of a tool may stand in the answer, or the answer's be left out"),
    ("events.ends", "the end of an answer is not recognised: clients wait, or get an error after a whole answer"),
    ("events.sources", "answers come without sources"),
    ("events.marks", "marks stand in the text in place of links"),
    ("events.model", "the model that answered cannot be told"),
    ("events.sse", "events may be passed over"),
    ("events.", "answers are read wrongly: no text, or no end"),
    ("tools.", "tool calls of agents are not recognised, and reach them as text"),
    ("delete.bulk", "the next way to delete is tried; where none works, conversations stay in the account's list"),
    ("delete.", "conversations stay in the account's list"),
    ("upload.", "files and pictures in a request fail, or are ignored in silence"),
    ("agents.", "the agent that is asked is another one"),
    ("draw.", "pictures fail or look otherwise than asked for"),
    ("video.left", "nothing: it is not used"),
    ("video.", "video jobs fail, or their end is not seen"),
    ("platform.", "requests with an API key are refused, or sent otherwise than need be"),
)


class Difference(NamedTuple):
    """What was believed, and what came."""

    believed: str
    came: str


class Findings:
    """What was found of each fact: a difference outweighs whatever held."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.different: dict[str, list[Difference]] = {}
        self.notes: list[str] = []

    def holds(self, *facts: str) -> None:
        for fact in facts:
            _known(fact)
            self.held.add(fact)

    def differs(self, fact: str, believed: str, came: str) -> None:
        _known(fact)
        found = self.different.setdefault(fact, [])
        if all(one != (believed, came) for one in found) and len(found) < 4:
            found.append(Difference(believed, came))

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def fields(self, fact: str, value: Any, wanted: Mapping[str, str], *, where: str = "") -> bool:
        """Has an object these fields, each of its kind; `name?` may be missing. True where it has."""
        if not isinstance(value, dict):
            self.differs(fact, f"{where or 'the answer'} is an object", f"it is {kind(value)}")
            return False
        names = [name.rstrip("?") for name in wanted]
        missing = [name for name in wanted if not name.endswith("?") and name not in value]
        new = [name for name in value if name not in names and name not in ALSO_SEEN]
        wrong = [
            f"{name} is {kind(value[name])}"
            for name, kinds in zip(names, wanted.values(), strict=True)
            if name in value and not _is(value[name], kinds)
        ]
        came = [
            *([f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"] if missing else []),
            *wrong,
            *([f"new: {', '.join(new[:6])}"] if new and (missing or wrong) else []),
        ]
        if missing or wrong:
            said = ", ".join(
                f"{name} ({kinds})"
                for name, kinds in wanted.items()
                if name in missing or any(one.startswith(f"{name.rstrip('?')} is") for one in wrong)
            )
            self.differs(fact, f"{f'{where}: ' if where else ''}{said}", "; ".join(came))
            return False
        self.holds(fact)
        return True

    def state(self, fact: str) -> str:
        return "differs" if fact in self.different else "holds" if fact in self.held else "not seen"


ALSO_SEEN = frozenset(
    """created_at assistant_id recipient id tool_calls error mode host_name index file_type project_id rid status
    message logic_id code width height nickname""".split()  # noqa: SIM905
)
"""Fields beside those that facts name, which were seen and mean nothing here."""

_KINDS = {
    "text": lambda value: isinstance(value, str),
    "id": lambda value: isinstance(value, str) and bool(value),
    "true or false": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "number as text": lambda value: isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value) is not None,
    "percentage as text": lambda value: isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?%", value) is not None,
    "address": lambda value: isinstance(value, str) and value.startswith(("http://", "https://")),
    "null": lambda value: value is None,
}


def _is(value: Any, kinds: str) -> bool:
    return any(_KINDS[one](value) for one in kinds.split(" or null")[:1] or [kinds]) or (
        kinds.endswith(" or null") and value is None
    )


def kind(value: Any) -> str:
    """What a value of JSON is, in words that hold nothing of it."""
    if isinstance(value, bool):
        return "true or false"
    names = {str: "text", int: "a number", float: "a number", list: "a list", dict: "an object", type(None): "null"}
    return names[type(value)] if value != "" else "an empty text"


def all_facts() -> dict[str, str]:
    """Every named fact, and what it says."""
    return {
        match[1]: _CELL.split(match[2])[0]
        if not match[1].startswith("refusal.")
        else " | ".join(_CELL.split(match[2])[:2])
        for match in _ROW.finditer(PROTOCOL.read_text())
    }


_FACTS = all_facts()


def _known(fact: str) -> None:
    if fact not in _FACTS:
        raise KeyError(f"{fact} is no fact of docs/protocol.md")


def consequence(fact: str) -> str:
    """What the bundle does wrong where this fact does not hold."""
    return next(words for name, words in CONSEQUENCES if fact == name or (name.endswith(".") and fact.startswith(name)))


def table(findings: Findings, facts: Iterable[str]) -> str:
    """What was found, fact by fact, and what follows from it."""
    lines = []
    for fact in facts:
        lines.append(f"{fact:24} {findings.state(fact)}")
        for believed, came in findings.different.get(fact, ()):
            lines += [f"{'':24}   believed: {believed}", f"{'':24}   came:     {came}"]
    lines += ["", *findings.notes]
    if findings.different:
        lines += ["", "What the bundle does wrong because of it:"]
        lines += [f"  {fact}: {consequence(fact)}." for fact in facts if fact in findings.different]
    else:
        lines += ["", "No difference was found."]
    return "\n".join(lines)
