"""The log: JSON lines on standard output, one for each request, with nothing in them that is anybody's secret."""

import json
import logging
import sys
import time
from typing import Any

from lib.invocation import context

LOGGER = logging.getLogger("glm")

_json = json.JSONEncoder(ensure_ascii=False).encode


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON. Tracebacks name files and lines, not values."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := context.current().request_id:
            line["request_id"] = request_id
        line.update(getattr(record, "facts", {}))
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["at"] = _places(record.exc_info[2])
        return _json(line)


def set_up() -> None:
    """Send what is logged to standard output. A second call does nothing."""
    if not LOGGER.handlers:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(JsonLines())
        LOGGER.addHandler(handler)
        LOGGER.setLevel(logging.INFO)
        LOGGER.propagate = False  # Lambda's own handler would write each line again.
        logging.getLogger("httpx").setLevel(logging.WARNING)  # It tells whole URLs, and some hold secrets.


def _places(traceback: Any) -> list[str]:
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{code.co_filename}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return places
