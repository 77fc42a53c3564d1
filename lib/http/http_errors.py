"""What can go wrong with a request over HTTP. The names and what they mean are httpx's, whose import costs 14 ms."""


class TransportError(Exception):
    """The request was not carried out, or its response did not arrive whole."""


class NetworkError(TransportError):
    """The connection failed."""


class ConnectError(NetworkError):
    """It was not made."""


class ReadError(NetworkError):
    """It broke off while the response was awaited or read."""


class WriteError(NetworkError):
    """It broke off while the request was sent."""


class TimeoutException(TransportError):
    """Something took longer than was allowed."""


class ConnectTimeout(TimeoutException):
    """Making the connection did."""


class ReadTimeout(TimeoutException):
    """The server was silent for too long."""


class OutOfTime(TimeoutException):
    """The reader's own time was over before anything came."""


class WriteTimeout(TimeoutException):
    """The server took nothing for too long."""


class ProtocolError(TransportError):
    """Somebody does not keep to HTTP."""


class LocalProtocolError(ProtocolError):
    """It is the request that does not."""


class RemoteProtocolError(ProtocolError):
    """It is the response that does not."""
