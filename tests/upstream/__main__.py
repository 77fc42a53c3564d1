"""Serve the stand-in until SIGTERM or SIGINT: `python -m tests.upstream [--port 0] [--delay 0.04] [--keep 10000]`.

The first line on standard output is JSON: {"url": …, "refresh_token": …}, the token of an account made for the start.
"""

import argparse
import json
import resource
import signal

from .stand_in import StandIn


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.upstream", description="A stand-in for chatglm.cn.")
    parser.add_argument("--port", type=int, default=0, help="a free one by default")
    parser.add_argument("--delay", type=float, default=0.04, help="seconds from one event to the next")
    parser.add_argument("--keep", type=int, help="how many requests are remembered, the newest; all by default")
    arguments = parser.parse_args()
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))  # A socket for each of many streams.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # Before the thread starts, which inherits it.
    with StandIn(port=arguments.port, delay=arguments.delay, keep=arguments.keep) as stand_in:
        account = stand_in.account()
        print(json.dumps({"url": stand_in.url, "refresh_token": account.refresh_token}), flush=True)
        signal.sigwait(signals)


if __name__ == "__main__":
    main()
