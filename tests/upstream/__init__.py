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
refresh_lifetime=…, generations=1)`. `refresh_token` is the first token and never changes; `newest_refresh_token` is
what refreshes have made of it. `access_token(lifetime=None)`, `expired_access_token()`, `expired_refresh_token()`,
`foreign_token("refresh" | "access")`, `revoke_access()` (the service says 40102 though `exp` lies ahead), `kill()`.

**Answers**: `script(Answer(*parts, …), account=None, times=1)` queues one for the next chat call(s); `times=None` for
all. Parts: `Text`, `Think`, `Code`, `Output` (each of deltas; `snapshot=` when the finished part is to say more than
the deltas), `Search(query, Source(title, url, snippet), …)`, `Quote(Source, …)`, `Pictures(2, 0, 3, 1, prompt=…)`,
`MarkdownPictures()`, `Unknown(type, **fields)`, `Raw(bytes)`. Options: `dialect="deltas" | "snapshots"`, `carry`,
`opening`, `before`, `delay` (seconds), `crlf`, `chunk_sizes`, `lingers`, `gate`, `ending`: `Finish()`,
`Intervene(text)`, `Error(code, message, field="error" | "last_error")`, `Cut(after, partial=0, clean=False,
resumes=True, then=Finish())`, `Instead(status, body, content_type)`, and its cases `EMPTY`, `HTML`, `UNAVAILABLE`.
Presets: `deltas(200, delay=0.01)`, `growing(2000, size=12_000_000)`. Without a script, `demo.answer` answers.

    gate = Gate(after=2)
    stand_in.script(Answer(Text("a", "b", "c"), gate=gate))
    ...                                             # start asking
    gate.wait_sent()                                # two events are out, the third is held
    gate.release(1)                                 # one more; release() lets all go

**Failures**: `fail(endpoint, …, times=1, account=None)`, by name (`refresh`, `chat`, `stop`, `continue`, `delete`,
`models`, `upload`, `video`, `video_status`, `video_delete`, `video_upload`, `compose`, `picture`, `file`, `video_file`)
or by path:

    stand_in.fail("chat", code=BUSY, message=BUSY_MESSAGE)          # an envelope, HTTP 200
    stand_in.fail("chat", status=503, times=3)                      # an HTML page
    stand_in.fail("delete", drop=True)                              # the connection closes without an answer
    stand_in.fail("refresh", gate=gate, times=None)                 # held until the test lets it go; or delay=0.5
    stand_in.fail("upload", status=429, headers={"Retry-After": "7"}, body={"code": 1, "message": LIMITED_MESSAGE})

**Files, pictures, videos**: `uploads(account)` (`.file.content`, `.file.sha256`, `.result`),
`answer_uploads_as_list()`; `site(path, body, content_type, status, headers, content_length=…, drip=(size, seconds),
delay=…, gate=…)` serves anything and returns its URL; `video(Video(polls=2, outcome="finished", message=""),
account=None)` says how the next job goes (`polls=None`: until `.release()`), `videos(account)` lists jobs;
`media.picture(number, width, height, kind)`.

**The record**: `record`, `requests(name_or_path=None, account=None)` give `Recorded` (name, method, path, query,
headers, body, json, form, files, at, first_sent, account, status, code, events, done, client_gone);
`conversations(account)`, `running(account)`; `wait_for(predicate, timeout=10)` waits until something is so (in an async
test: `await asyncio.to_thread(…)`).

**As a process**: `python -m tests.upstream [--port 0] [--delay 0.04]` prints `{"url", "refresh_token"}` and serves
until SIGTERM; `control` says what can be asked of it over HTTP.
"""

from . import demo, media
from .accounts import Account
from .answer import (
    Answer,
    Code,
    MarkdownPictures,
    Output,
    Pictures,
    Quote,
    Raw,
    Search,
    Source,
    Text,
    Think,
    Unknown,
    deltas,
    growing,
)
from .ending import EMPTY, HTML, UNAVAILABLE, Cut, Error, Finish, Instead, Intervene
from .envelope import BUSY, BUSY_MESSAGE
from .failures import LIMITED_MESSAGE, Failure
from .gate import Gate
from .record import File, Recorded
from .site import Page
from .stand_in import StandIn
from .videos import Job, Video

__all__ = [
    "BUSY",
    "BUSY_MESSAGE",
    "EMPTY",
    "HTML",
    "LIMITED_MESSAGE",
    "UNAVAILABLE",
    "Account",
    "Answer",
    "Code",
    "Cut",
    "Error",
    "Failure",
    "File",
    "Finish",
    "Gate",
    "Instead",
    "Intervene",
    "Job",
    "MarkdownPictures",
    "Output",
    "Page",
    "Pictures",
    "Quote",
    "Raw",
    "Recorded",
    "Search",
    "Source",
    "StandIn",
    "Text",
    "Think",
    "Unknown",
    "Video",
    "deltas",
    "demo",
    "growing",
    "media",
]
