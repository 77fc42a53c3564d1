"""The platform as a process: `python -m tests.bigmodel [--port 0] [--delay 0.04]`.

The first line on standard output is JSON: {"url": …, "key": …}, an API key made for the start.
"""

import argparse
import json
import resource
import signal

from .platform import Platform


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bigmodel", description="A stand-in for the open platform.")
    parser.add_argument("--port", type=int, default=0, help="a free one by default")
    parser.add_argument("--delay", type=float, default=0.04, help="seconds from one delta to the next")
    arguments = parser.parse_args()
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))  # A socket for each of many streams.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # Before the thread starts, which inherits it.
    with Platform(port=arguments.port, delay=arguments.delay) as platform:
        print(json.dumps({"url": platform.url, "key": platform.key()}), flush=True)
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
