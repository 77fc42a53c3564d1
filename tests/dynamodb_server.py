"""A real implementation of DynamoDB for tests: moto's, on a free port of 127.0.0.1, forgetting all when it ends.

`python -m tests.dynamodb_server PORT` serves it and prints a line once it listens.
"""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.redis_server import STOP_SECONDS, free_port

TABLE = "glm-functions-test"
ENVIRON = {
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "a-session-token",
}


class DynamoDBServer:
    """Runs between `__enter__` and `__exit__`, with the table made; `stop` and `start` take it away and bring it back.

    Unlike DynamoDB, it comes back empty.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self.port = free_port()

    @property
    def environ(self) -> dict[str, str]:
        """What a function's environment says of it."""
        return {**ENVIRON, "AWS_ENDPOINT_URL_DYNAMODB": self.url}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> Any:
        """AWS's own client, to look at what is really there. Close it."""
        import boto3  # type: ignore[import-untyped]

        return boto3.client(
            "dynamodb",
            region_name=ENVIRON["AWS_REGION"],
            aws_access_key_id=ENVIRON["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ENVIRON["AWS_SECRET_ACCESS_KEY"],
            endpoint_url=self.url,
        )

    def start(self) -> None:
        """Start it, wait until it accepts connections, and make the table as `serverless.yml` does."""
        command = [sys.executable, "-m", "tests.dynamodb_server", str(self.port)]
        self._process = subprocess.Popen(command, cwd=Path(__file__).parent.parent, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            self.stop()
            raise RuntimeError("DynamoDB's stand-in did not start")
        self.make_table()

    def make_table(self, name: str = TABLE) -> None:
        client = self.client()
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "entry", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "entry", "KeyType": "HASH"}],
        )
        client.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"AttributeName": "expires", "Enabled": True}
        )
        client.close()

    def delete_table(self, name: str) -> None:
        client = self.client()
        client.delete_table(TableName=name)
        client.close()

    @property
    def pid(self) -> int:
        """The process's id while it runs."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """Kill it, with all that it held."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        process.wait(STOP_SECONDS)
        assert process.stdout is not None
        process.stdout.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def main(port: int) -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.test import Client

    client = Client(DomainDispatcherApplication(create_backend_app))
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        """Keeps connections, as DynamoDB does and moto's own server does not."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:  # A conditional write of DynamoDB is one step; moto's are several.
                answer = client.post(self.path, data=body, headers=list(self.headers.items()))
            self.send_response_only(answer.status_code)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.data)

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

        def handle_error(self, request: Any, client_address: Any) -> None:
            if not isinstance(sys.exception(), ConnectionError):  # A client that has not waited is no fault.
                super().handle_error(request, client_address)

    with Server(("127.0.0.1", port), Handler) as server:
        print("Listening.", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
