"""A stand-in for the open platform (open.bigmodel.cn), as strict as what is documented of it.

It refuses what the platform refuses, unknown fields too, and remembers what it was asked. Tests run it in a thread; the
demo and the benchmarks as a process.

    with Platform() as platform:                    # .url; 127.0.0.1, a free port
        key = platform.key()
        platform.script(Answer(Reasoning("Hm."), Text("ha ", "ha"), Call("weather", '{"city":', ' "Rome"}')))
        ...                                         # ask the bundle, with GLM_PLATFORM_URL=platform.url
        assert [one.name for one in platform.record] == ["chat"]
        platform.reset()                            # between tests: keys, scripts, failures, record

**Keys**: `key(refuse=1113, concurrency=2)`; `most_at_once(key)`.

**Answers**: `script(Answer(*parts, …), key=None, times=1)` queues one for the next chat call(s), `times=None` for all;
`play(function)` lets a function of the request's body answer what no script is for. Parts: `Text`, `Reasoning` (each of
deltas), `Call(name, *pieces, id=None)`, `WebSearch(Source(title, link, content), …)`, `AnyDelta(**fields)`,
`Raw(bytes)`. Options: see `Answer`. Limits of the request (`max_tokens`, `stop`, `thinking`) are kept to. Without a
script or a function, `demo.answer` answers.

**Failures**: `fail(endpoint, …, times=1, key=None)`, by name (`chat`, `tokenizer`, `models`, `image`, `video`,
`video_status`, `embeddings`, `parser`, `picture`, `video_file`) or by path: `code=1302` for an error of the table,
`status=503` for an HTML page, `drop=True`, `delay=…`, `gate=…`, `body=…`.

**Pictures, videos, files**: `video(Video(polls=2, outcome="FAIL", message=""))` says how the next job goes,
`videos(key)` lists jobs; `parser.texts[name]`, `parser.fails`; `site(path, body, content_type, …)` serves anything and
returns its URL.

**The record**: `record`, `requests(name_or_path=None, key=None)` give `Recorded` (its `account` is the key);
`wait_for(predicate, timeout=10)`.

**As a process**: `python -m tests.bigmodel [--port 0] [--delay 0.04]` prints `{"url", "key"}` and serves until SIGTERM;
`control` says what can be asked of it over HTTP.
"""

from tests.upstream.gate import Gate
from tests.upstream.record import Recorded

from . import demo
from .answer import Answer, AnyDelta, Call, Raw, Reasoning, Source, Text, Usage, WebSearch, many_deltas
from .errors import ERRORS, RESET_AT
from .failures import Failure
from .keys import Key
from .platform import Platform
from .videos import Job, Video

__all__ = [
    "ERRORS",
    "RESET_AT",
    "Answer",
    "AnyDelta",
    "Call",
    "Failure",
    "Gate",
    "Job",
    "Key",
    "Platform",
    "Raw",
    "Reasoning",
    "Recorded",
    "Source",
    "Text",
    "Usage",
    "Video",
    "WebSearch",
    "demo",
    "many_deltas",
]
