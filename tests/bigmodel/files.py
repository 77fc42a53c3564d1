"""`POST /files/parser/sync`: the text of a document."""

import itertools
from typing import Any

from starlette.responses import JSONResponse

from tests.upstream.call import Call, Reply
from tests.upstream.record import File

from .errors import bad

TYPES = frozenset(
    """WPS PDF DOCX DOC XLS XLSX PPT PPTX PNG JPG JPEG CSV TXT MD HTML BMP GIF WEBP HEIC EPS ICNS IM PCX PPM TIFF XBM
    HEIF JP2""".split()  # noqa: SIM905  A list of thirty quoted words would say no more.
)


class Parser:
    """The endpoint. What a test does not `say` is the file's name and size."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.texts: dict[str, str] = {}
        self.fails = False
        self._numbers = itertools.count(1)

    async def parse(self, call: Call) -> Reply:
        form, files = call.recorded.form, call.recorded.files
        if set(form) != {"tool_type", "file_type"} or set(files) != {"file"}:
            raise bad("fields that are not known, or missing", 1213)
        if form["tool_type"] != "prime-sync" or form["file_type"] not in TYPES:
            raise bad("tool_type or file_type is not taken", 1214)
        return JSONResponse(self._result(files["file"]))

    def _result(self, file: File) -> dict[str, Any]:
        task = f"task_{next(self._numbers)}"
        if self.fails:
            return {"status": "failed", "message": "解析失败", "task_id": task, "content": "", "parsing_result_url": ""}
        text = self.texts.get(file.filename, f"The text of {file.filename}, {len(file.content)} bytes.")
        return {
            "status": "succeeded",
            "message": "结果获取成功",
            "task_id": task,
            "content": text,
            "parsing_result_url": "",
        }
