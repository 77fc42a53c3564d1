"""The JSON envelope of every answer that is not a stream, and the refusals in it (protocol: [sure])."""

import json
from typing import Any, Literal

from starlette.responses import JSONResponse

MISSING_HEADER = 40001
MISSING_USER_AGENT = 40002
UNKNOWN_CONVERSATION = 40004
BAD_SIGNATURE = 40011
RISK_CONTROL = 40012
BAD_TIMESTAMP = 40014
TOKEN_REFUSED = 40102
NOT_LOGGED_IN = 40103
CLAIMED = 10001
EXIT = 10024
INTERNAL = 10025
CONTEXT_EXCEEDED = 10040
BUSY = 10061
QUEUED = 10062

# No capture shows these; the numbers are made up.
BAD_BODY = 40000
BANNED = 40301
UNKNOWN_THING = 40400

BANNED_MESSAGE = "账号已被封禁"
BUSY_MESSAGE = "请等待其他对话生成完毕"
LIMITED_MESSAGE = "您的操作太频繁，请稍后再试"
QUEUED_MESSAGE = "高峰期排队中，请稍后"
TOO_OFTEN_MESSAGE = "请求过于频繁，请稍后再试"

NOT_FOUND_PAGE = "<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>"

type Form = Literal["plain", "text", "code", "data", "list", "no status", "null status"]
"""How an envelope without a refusal looks: as it does today, `status` as text, `code: "0"` for it, `data` for
`result`, `result` as a list of one, without a status, with null for it."""


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


def reshape(response: JSONResponse, form: Form) -> JSONResponse:
    """Return a successful answer in another form; a refusal as it is."""
    envelope: dict[str, Any] = json.loads(bytes(response.body))
    status = envelope.pop("status")
    if status != 0:
        return response
    match form:
        case "text":
            envelope["status"] = "0"
        case "code":
            envelope["code"] = "0"
        case "data":
            envelope |= {"status": 0, "data": envelope.pop("result")}
        case "list":
            envelope |= {"status": 0, "result": [envelope["result"]]}
        case "null status":
            envelope["status"] = None
        case "no status":
            pass
        case "plain":
            return response
    return JSONResponse(envelope)
