"""The JSON envelope of every answer that is not a stream, and the refusals in it (protocol: [sure])."""

from typing import Any

from starlette.responses import JSONResponse

MISSING_HEADER = 40001
MISSING_USER_AGENT = 40002
BAD_SIGNATURE = 40011
BAD_TIMESTAMP = 40014
TOKEN_REFUSED = 40102
NOT_LOGGED_IN = 40103
BUSY = 10061

# No capture shows these two; the numbers are made up.
BAD_BODY = 40000
UNKNOWN_THING = 40400

BUSY_MESSAGE = "请等待其他对话生成完毕"


class Refusal(Exception):
    """The service says no: an HTTP status and, in the envelope, a status of its own."""

    def __init__(self, code: int, message: str, http_status: int | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.http_status = code // 100 if http_status is None else http_status

    def response(self, rid: str) -> JSONResponse:
        """Return the envelope, with `rid` as the echo of X-Request-Id."""
        body = {"status": self.code, "message": self.message, "result": {}, "rid": rid}
        return JSONResponse(body, self.http_status)


def bad_body(message: str) -> Refusal:
    return Refusal(BAD_BODY, message, 400)


def unknown(thing: str) -> Refusal:
    return Refusal(UNKNOWN_THING, f"{thing} is unknown", 200)


def success(result: Any, rid: str) -> JSONResponse:
    return JSONResponse({"status": 0, "message": "success", "result": result, "rid": rid})
