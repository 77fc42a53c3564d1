"""What the platform refuses with: its table of codes, each with its HTTP status and its words."""

from starlette.responses import JSONResponse

RESET_AT = "2026-11-26 08:00:00"
"""The time of reset in the texts that name one; the platform says it in Chinese time."""

ERRORS: dict[int, tuple[int, str]] = {
    1000: (401, "身份验证失败"),
    1001: (401, "Header中未收到Authorization参数，无法进行身份验证"),
    1003: (401, "Authorization Token已过期，请重新生成/获取"),
    1005: (401, "您的API Key已失效"),
    1113: (429, "余额不足或无可用资源包,请充值。"),
    1200: (500, "API调用错误"),
    1210: (400, "API 调用参数有误，请检查文档。"),
    1211: (400, "模型不存在，请检查模型代码。"),
    1212: (400, "当前模型不支持该调用方式"),
    1213: (400, "未正常接收到参数"),
    1214: (400, "参数非法。请检查文档"),
    1215: (400, "参数不能同时设置"),
    1220: (403, "您无权访问该API"),
    1221: (400, "API 已下线"),
    1222: (400, "API 不存在"),
    1230: (500, "API 调用流程出错"),
    1234: (500, "网络错误，错误id：20261125，请联系客服"),
    1261: (400, "Prompt 超长"),
    1301: (400, "系统检测到输入或生成内容可能包含不安全或敏感内容，请您避免输入易产生敏感内容的提示语，感谢您的配合。"),
    1302: (429, "您的账户已达到速率限制，请您控制请求频率"),
    1303: (429, "您当前使用该 API 的频率过高，请降低频率"),
    1305: (429, "该模型当前访问量过大，请您稍后再试"),
    1308: (429, f"已达到 5 小时的使用上限。您的限额将在 {RESET_AT} 重置。"),
    1309: (429, "您的 GLM Coding Plan 套餐已到期，暂无法使用"),
    1310: (429, f"Weekly/Monthly Limit Exhausted. Your limit will reset at {RESET_AT}"),
    1311: (429, "当前订阅套餐暂未开放该模型权限"),
    1313: (429, "您的账户当前使用模式不符合公平使用策略，请求频率已受到限制。"),
    **dict.fromkeys(range(1314, 1322), (429, f"您的账户已达到使用上限，将在 {RESET_AT} 重置")),
}

UNAUTHORIZED = frozenset(code for code, (status, _) in ERRORS.items() if status == 401)


class Refusal(Exception):
    """The call is refused. `message` instead of the table's."""

    def __init__(self, code: int, message: str = "") -> None:
        status, words = ERRORS[code]
        super().__init__(message or words)
        self.code = code
        self.status = status
        self.body = body(code, message)

    def response(self) -> JSONResponse:
        return JSONResponse(self.body, self.status)


def body(code: int, message: str = "") -> dict[str, object]:
    """Return the envelope of an error."""
    return {"error": {"code": str(code), "message": message or ERRORS[code][1]}}


def bad(reason: str, code: int = 1210) -> Refusal:
    """Return the refusal of a parameter. The reason is for who reads a failing test."""
    return Refusal(code, f"{ERRORS[code][1]} ({reason})")
