"""Files that a request holds itself, as clients write them."""


def as_url(data: str) -> str:
    """Where a file is: base64 alone becomes a data URL."""
    is_url = "://" in data[:4096] or data.lstrip()[:5].lower() == "data:"
    return data if is_url else f"data:;base64,{data}"
