"""Ways in which the service, or what stands before it, refuses: what `StandIn.fail` takes by name.

Those whose wording nobody has seen are marked (assumed).
"""

from types import MappingProxyType
from typing import Any

from .ending import FIREWALL_PAGE, SLIDE_PAGE, VISIT_PAGE
from .envelope import (
    BAD_SIGNATURE,
    BAD_TIMESTAMP,
    BANNED,
    BANNED_MESSAGE,
    BUSY,
    BUSY_MESSAGE,
    CONTEXT_EXCEEDED,
    INTERNAL,
    LIMITED_MESSAGE,
    NOT_LOGGED_IN,
    QUEUED,
    QUEUED_MESSAGE,
    RISK_CONTROL,
    TOKEN_REFUSED,
    TOO_OFTEN_MESSAGE,
    UNKNOWN_CONVERSATION,
)

REFUSALS: MappingProxyType[str, dict[str, Any]] = MappingProxyType(
    {
        # The account is busy, or asks too often.
        "busy": {"code": BUSY, "message": BUSY_MESSAGE},
        "busy, HTTP 429": {"status": 429, "code": BUSY, "message": BUSY_MESSAGE},
        "too often": {"code": BUSY, "message": TOO_OFTEN_MESSAGE},
        "too often, HTTP 429": {"status": 429, "code": BUSY, "message": TOO_OFTEN_MESSAGE},
        "queued": {"code": QUEUED, "message": QUEUED_MESSAGE},
        "limited": {"code": 1, "message": LIMITED_MESSAGE},
        "limited, HTTP 429": {"status": 429, "headers": {"Retry-After": "7"}, "code": 1, "message": LIMITED_MESSAGE},
        "too fast": {"code": 1, "message": "您的操作太快了"},
        "wait": {"code": 1, "message": "请稍候再试"},
        "at once": {"code": 1, "message": "并发数超过限制"},
        "Server busy": {"code": 1, "message": "Server busy"},
        "system busy": {"code": 1, "message": "系统繁忙"},  # (assumed)
        "crowded": {"code": 1, "message": "当前人数过多"},  # (assumed)
        # Quotas and memberships.
        "daily quota": {"code": 1, "message": "今日使用次数已达上限"},  # (assumed)
        "quota": {"code": 1, "message": "您的额度已用完"},  # (assumed)
        "visitor's quota": {"code": 500, "message": "您已多次体验过对话, 请登录后继续使用"},
        "membership": {"code": 1, "message": "请开通会员后使用"},
        # The account or its token is refused.
        "banned, HTTP 403": {"status": 403, "code": BANNED, "message": BANNED_MESSAGE},  # (assumed)
        "banned": {"code": BANNED, "message": BANNED_MESSAGE},  # (assumed)
        "40101": {"code": 40101, "message": "token 失效"},  # (assumed)
        "token refused": {"status": 401, "code": TOKEN_REFUSED, "message": "token refused"},
        "not logged in": {"status": 401, "code": NOT_LOGGED_IN, "message": "not logged in"},
        # The call is refused.
        "bad signature": {"status": 400, "code": BAD_SIGNATURE, "message": "bad sign"},
        "bad timestamp": {"status": 400, "code": BAD_TIMESTAMP, "message": "bad timestamp"},
        "risk control": {"status": 400, "code": RISK_CONTROL, "message": "bad request"},
        "slide page": {"status": 200, "body": SLIDE_PAGE},
        "visit page": {"status": 200, "body": VISIT_PAGE},
        "firewall, HTTP 403": {"status": 403, "body": FIREWALL_PAGE},
        "firewall, HTTP 405": {"status": 405, "body": FIREWALL_PAGE},
        "unknown conversation": {"code": UNKNOWN_CONVERSATION, "message": "conversation not exists"},
        "context exceeded": {"code": CONTEXT_EXCEEDED, "message": "model response context exceeded"},
        # The service is at fault.
        "internal": {"code": INTERNAL, "message": "internal error"},
        "HTTP 500": {"status": 500},
        "HTTP 502": {"status": 502},
        "HTTP 503": {"status": 503},
        "HTTP 504": {"status": 504},
        "dropped": {"drop": True},
        "dropped when done": {"drop": True, "works": True},
        "HTTP 504 when done": {"status": 504, "works": True},
    }
)
