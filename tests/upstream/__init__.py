"""A stand-in for chatglm.cn, as strict as what is known of the service.

It is the protocol notes in a form that runs: it refuses what the service refuses, answers in the service's events, and
remembers what it was asked. Tests run it in a thread; the demo and the benchmarks as a process.

    with StandIn() as stand_in:                     # .url; 127.0.0.1, a free port
        account = stand_in.account()                # .refresh_token, .access_token(), .uid, .device_id
        stand_in.script(Answer(Think("Hm."), Text("ha ", "ha ", "haha")))
        ...                                         # ask the bundle, with GLM_CHATGLM_URL=stand_in.url
        assert [one.name for one in stand_in.record] == ["refresh", "chat", "delete"]
        assert stand_in.conversations(account) == []
        stand_in.reset()                            # between tests: accounts, scripts, failures, record

**Accounts**: `account(guest="answered" | "refused", dead=True, rotation="strict" | "lenient", access_lifetime=60,
refresh_lifetime=…, generations=1, busy_after=0.3, blocked=True, access_form="opaque", …)`. `refresh_token` is the
first token and never changes; `newest_refresh_token` is what refreshes have made of it. `access_token(lifetime=None)`,
`expired_access_token()`, `expired_refresh_token()`, `foreign_token("refresh" | "access")`, `revoke_access()` (the
service says 40102 though `exp` lies ahead), `kill()`, `change(…)`; `max_running`, `generated`, `refused_busy`.

**Answers**: `script(Answer(*parts, …), account=None, times=1)` queues one for the next chat call(s); `times=None` for
all. `play(function)` lets a function be the model: it sees the whole prompt (`Asked`) and returns an answer, parts or a
text. Without either, `demo.answer` answers. Scripts come before the play.

- Parts in deltas: `Text`, `Think`, `Code`, `Output` (`snapshot=` when the finished part is to say more than the deltas;
  `role="tool"`: it is not the answer), `Rewriting("Hello", "Help")`.
- At once: `Search(query, Source(title, url, snippet, match_key), …)`, `Quote(Source, …)`, `Pictures(2, 0, None, 1,
  prompt=…, prompt_at="item" | "beside", item="image_url" | "url" | "text", urls={0: …}, together=True)`,
  `MarkdownPictures()`, `Unknown(type, **fields)`, `FailedTool()`, `Raw(bytes)`, `Odd(**fields of an event)`,
  `JUNK["a null part"]` (some fifty), `Together(*parts)`, `After(seconds, part)`.
- Tool calls: `ToolCallText(name, arguments, form="trained" | "trained45" | "json" | "invoke" | "dsml" | "fenced")`,
  `NativeCall(name, arguments, …)` with the service's error and the model's next try, `NativeCalls(NativeCall, …)` in
  one event, `OwnTool("open_url", {…})`, `ThinkingDone()`; `call_text(…)` for a text of your own.
- Options: see `Answer`. `ending`: `Finish(status, repeats, tail)`, `Intervene(text, at="event" | "part", form)`,
  `Error(code, message, field="error" | "last_error")`, `ERRORS["busy" | "too_often" | "queued" | "internal" |
  "context_exceeded" | "exit"]` (without parts: the very first event), `Cut(after, partial=0, clean=False, resumes=True,
  then=Finish(), anew=False)`, `Instead(status, body, content_type)`, and its cases `EMPTY`, `HTML`, `UNAVAILABLE`.
- Presets: `deltas(200, delay=0.01)`, `growing(2000, size=12_000_000)`, `tiny_parts(100)`, `empty_events(40_000)`.

    gate = Gate(after=2)
    stand_in.script(Answer(Text("a", "b", "c"), gate=gate))
    ...                                             # start asking
    gate.wait_sent()                                # two events are out, the third is held
    gate.release(1)                                 # one more; release() lets all go

**Failures**: `fail(endpoint, refusal=None, …, times=1, account=None)`, by path or by name (`refresh`, `user_info`,
`clock`, `chat`, `stop`, `continue`, `delete`, `delete_single`, `delete_old`, `models`, `upload`, `upload_old`, `video`,
`video_status`, `video_details`, `video_delete`, `video_upload`, `compose`, `picture`, `file`, `video_file`); `heal()`
ends them. The `REFUSALS` have names: "busy", "too often, HTTP 429", "banned", "daily quota", "slide page", "HTTP 502".

    stand_in.fail("chat", "busy")                                   # an envelope, HTTP 200
    stand_in.fail("chat", code=BUSY, message=BUSY_MESSAGE)          # the same
    stand_in.fail("chat", status=503, times=3)                      # an HTML page
    stand_in.fail("delete", drop=True)                              # the connection closes without an answer
    stand_in.fail("video", drop=True, works=True)                   # the order is taken, only its answer is lost
    stand_in.fail("video_delete", result=None, works=True)          # success, with this for a result
    stand_in.fail("refresh", gate=gate, times=None)                 # held until the test lets it go; or delay=0.5
    stand_in.fail("upload", status=429, headers={"Retry-After": "7"}, body={"code": 1, "message": LIMITED_MESSAGE})

**Risk control** refuses the address, whatever account: `risk_control.begin(look="40012" | "slide" | "visit",
seconds=None, after=0)`, `.lift()`, `.asked` (how often since it began).

**Manners**, which differ between captures: `StandIn(strict_effort=False, …)` or, until the reset, `change(…)`:
`strict_effort`, `strict_continue`, `unknown_conversation`, `deletion`, `uploading`, `envelopes`, `longest_prompt`,
`clock_ahead`, `clock_tolerance`, `models`.

**Files, pictures, videos**: `uploads(account)` (`.file.content`, `.file.sha256`, `.result`),
`answer_uploads_as_list()`; `site(path, body, content_type, status, headers, content_length=…, drip=(size, seconds),
delay=…, gate=…)` serves anything and returns its URL; `video(Video(polls=2, outcome="finished", message="",
working="processing", url="done" | "details" | "nowhere" | "always"), account=None)` says how the next job goes
(`polls=None`: until `.release()`), `videos(account)` lists jobs; `media.picture(number, width, height, kind)`.

**The record**: `record`, `requests(name_or_path=None, account=None)` give `Recorded` (name, method, path, query,
headers, body, json, form, files, at, first_sent, account, status, code, events, done, client_gone, number, ignored);
`conversations(account)`, `running(account)`, `counts()`; `wait_for(predicate, timeout=10)` waits until something is so
(in an async test: `await asyncio.to_thread(…)`).

**As a process**: `python -m tests.upstream [--port 0] [--delay 0.04] [--keep 10000]` prints `{"url", "refresh_token"}`
and serves until SIGTERM; `control` says what can be asked of it over HTTP: all of the above, as JSON.
"""

from . import demo, media
from .accounts import Account
from .answer import Answer, deltas, empty_events, growing, tiny_parts
from .ending import EMPTY, ERRORS, HTML, UNAVAILABLE, Cut, Error, Finish, Instead, Intervene
from .envelope import BUSY, BUSY_MESSAGE, LIMITED_MESSAGE
from .failures import Failure
from .gate import Gate
from .junk import JUNK
from .manners import Manners
from .parts import After, Code, FailedTool, Odd, Output, Part, Raw, Rewriting, Text, Think, Together, Unknown, cut
from .pictures import MarkdownPictures, Pictures
from .play import Asked
from .record import File, Recorded
from .refusals import REFUSALS
from .search import Quote, Search, Source
from .site import Page
from .stand_in import StandIn
from .tools import NativeCall, NativeCalls, OwnTool, ThinkingDone, ToolCallText, call_text
from .videos import Job, Video

__all__ = [
    "BUSY",
    "BUSY_MESSAGE",
    "EMPTY",
    "ERRORS",
    "HTML",
    "JUNK",
    "LIMITED_MESSAGE",
    "REFUSALS",
    "UNAVAILABLE",
    "Account",
    "After",
    "Answer",
    "Asked",
    "Code",
    "Cut",
    "Error",
    "FailedTool",
    "Failure",
    "File",
    "Finish",
    "Gate",
    "Instead",
    "Intervene",
    "Job",
    "Manners",
    "MarkdownPictures",
    "NativeCall",
    "NativeCalls",
    "Odd",
    "Output",
    "OwnTool",
    "Page",
    "Part",
    "Pictures",
    "Quote",
    "Raw",
    "Recorded",
    "Rewriting",
    "Search",
    "Source",
    "StandIn",
    "Text",
    "Think",
    "ThinkingDone",
    "Together",
    "ToolCallText",
    "Unknown",
    "Video",
    "call_text",
    "cut",
    "deltas",
    "demo",
    "empty_events",
    "growing",
    "media",
    "tiny_parts",
]
