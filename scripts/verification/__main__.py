"""`python -m scripts.verification`: see scripts/verify."""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from lib import settings
from lib.errors import Error
from lib.http.clients import service_client
from lib.invocation.reports import Redactor
from lib.upstreams.chatglm.session.refusal import PHRASES
from scripts.verification import calls, platform
from scripts.verification.checks import check
from scripts.verification.exchange import Exchange, Recorder
from scripts.verification.facts import Findings, all_facts, table

SAME, DIFFERENT, STOPPED = 0, 1, 2
"""The exit status."""


def main() -> int:
    arguments = _arguments()
    if arguments.replay:
        return replay(Path(arguments.replay))
    key = arguments.key or arguments.token or _own()
    if not key:
        print("Name an account: --token eyJ…, or GLM_TOKENS; or a key of the open platform: --key.", file=sys.stderr)
        return STOPPED
    on_platform = bool(arguments.key)
    if not arguments.yes and not _agreed(on_platform, arguments):
        print("Nothing was asked.")
        return STOPPED
    if on_platform:
        exchanges, why = asyncio.run(platform.run(key, arguments.pause))
        findings = platform.check(exchanges)
    else:
        exchanges, why = asyncio.run(_chatglm(key, arguments))
        findings = check(exchanges)
    return _told(
        findings, why, exchanges, on_platform, Path(arguments.report or f"verify-{time.strftime('%Y-%m-%d')}.json")
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/verify", description="Holds docs/protocol.md against the service.")
    parser.add_argument("--token", help="a ChatGLM account's token (default: the first of GLM_TOKENS)")
    parser.add_argument("--key", help="an API key of the open platform: its facts instead")
    parser.add_argument("--draw", action="store_true", help="also draw pictures: one call more")
    parser.add_argument("--film", action="store_true", help="also order a video and delete it: three calls more")
    parser.add_argument("--yes", action="store_true", help="do not ask first")
    parser.add_argument("--pause", type=float, default=4.0, help="seconds between two calls (4)")
    parser.add_argument("--report", help="where the redacted report goes (verify-<date>.json)")
    parser.add_argument("--replay", metavar="FILE", help="ask nobody: play a report through the readers and a stand-in")
    return parser.parse_args()


def _own() -> str:
    return next((one.partition("=")[2] or one for one in settings.current().tokens if "eyJ" in one), "")


def _agreed(on_platform: bool, arguments: argparse.Namespace) -> bool:
    where = settings.current().platform_url if on_platform else settings.current().chatglm_url
    plan = platform.PLAN if on_platform else calls.PLAN
    most = len(plan)
    print(f"This makes at most {most} calls to {where}, one after the other, {arguments.pause:g} s apart:")
    for number, one in enumerate(plan, 1):
        print(f"{number:4}. {one}")
    if arguments.draw:
        print("      and draws a set of pictures")
    if arguments.film:
        print("      and orders a video, asks for it once, and deletes it")
    if on_platform:
        print("These cost less than a cent. It stops where the key is refused.")
    else:
        print(
            "It leaves nothing behind (where deleting at once is refused, there is a call more for each conversation),"
        )
        print("and stops for good at the first sign of risk control. A report without anything of yours is written.")
    try:
        return input("Go on? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


async def _chatglm(token: str, arguments: argparse.Namespace) -> tuple[list[Exchange], str]:
    more = calls.DRAW_CALLS * arguments.draw + calls.FILM_CALLS * arguments.film
    client = service_client()
    recorder = Recorder(client, calls.MOST_CALLS + more, arguments.pause)
    try:
        made = calls.Calls(token, recorder)
        why = await made.run(draw=arguments.draw, film=arguments.film)
    except Error as error:
        return recorder.exchanges, error.message
    finally:
        await client.aclose()
    left = made.errors.get("delete", "") if "Delete these" in made.errors.get("delete", "") else ""
    return recorder.exchanges, " ".join(filter(None, (why, left)))


def _told(findings: Findings, why: str, exchanges: list[Exchange], on_platform: bool, place: Path) -> int:
    if why:
        findings.note(f"Stopped: {why}")
    facts = [fact for fact in all_facts() if fact.startswith("platform.") == on_platform]
    print(table(findings, facts))
    redactor = Redactor(PHRASES)
    report: dict[str, Any] = {
        "service": "platform" if on_platform else "chatglm",
        "made": time.strftime("%Y-%m-%d"),
        "calls": len(exchanges),
        "facts": {fact: findings.state(fact) for fact in facts if findings.state(fact) != "not seen"},
        "exchanges": [exchange.written(redactor) for exchange in exchanges],
    }
    place.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    print(f"\n{len(exchanges)} calls. The report, without anything of yours, is in {place}.")
    if findings.different:
        return DIFFERENT
    return STOPPED if why else SAME


def replay(place: Path) -> int:
    """Play a report through the checks and the bundle's readers, and through a stand-in that answers as it says."""
    from scripts.verification.replay import played

    report = json.loads(place.read_text())
    exchanges = [Exchange.read(one) for one in report["exchanges"]]
    on_platform = report.get("service") == "platform"
    findings = platform.check(exchanges) if on_platform else check(exchanges)
    whole = any(one.step == "refresh" for one in exchanges)  # A server's report holds one answer alone.
    for said in played(exchanges) if whole and not on_platform else ():
        findings.note(said)
    print(table(findings, [fact for fact in all_facts() if fact.startswith("platform.") == on_platform]))
    return DIFFERENT if findings.different else SAME


if __name__ == "__main__":
    raise SystemExit(main())
