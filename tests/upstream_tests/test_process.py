"""The stand-in's large answers, and the stand-in as a process."""

import json
import subprocess
import sys

import httpx

from tests.upstream import (
    StandIn,
    deltas,
    growing,
)
from tests.upstream_tests.client import REFRESH, STREAM, Client, payload, question, read, signed


def test_long_answers(stand_in: StandIn, client: Client) -> None:
    stand_in.script(deltas(200))
    assert len(client.events()) == 202
    stand_in.script(growing(2000, size=12_000_000))
    response = client.ask()
    assert len(read(response)) == 2002
    assert 11_000_000 < len(response.content) < 14_000_000


def test_models(client: Client) -> None:
    headers = client.headers()
    answer = client.http.get(
        "/chatglm/agent-api/operation/detail", params={"tag": "available_models"}, headers=headers
    ).json()
    assert [model["selected_model"] for model in answer["result"]["models"]] == ["glm-5.3", "glm-5.3-flash"]
    assert answer["result"]["default"] == {"agent": "glm-5.3", "vip": "glm-5.3", "guest": "glm-5.3-flash"}
    assert answer["result"]["models"][0]["reasoning_efforts"][1] == {
        "display_name": "深度",
        "effort": "thinking",
        "am_effort": "high",
    }


def test_it_runs_as_a_process_until_it_is_told_to_end() -> None:
    command = [sys.executable, "-m", "tests.upstream", "--delay", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            started = json.loads(process.stdout.readline())
            with httpx.Client(base_url=started["url"]) as http:
                token = started["refresh_token"]
                refreshed = http.post(REFRESH, json={}, headers=signed(token, payload(token)["device_id"]))
                assert refreshed.json()["status"] == 0
                first, second = http.post("/_stand_in/accounts", json={"count": 2}).json()
                assert first["uid"] != second["uid"]
                script = {"answer": {"is": "deltas", "of": [3]}, "times": None}
                assert http.post("/_stand_in/script", json=script).status_code == 200
                device_id = payload(first["access_token"])["device_id"]
                headers = {**signed(first["access_token"], device_id), "Accept": "text/event-stream"}
                assert len(read(http.post(STREAM, json=question(), headers=headers))) == 5
                assert [one["name"] for one in http.get("/_stand_in/record").json()] == ["refresh", "chat"]
                assert http.delete("/_stand_in/record").json() == []
        finally:
            process.terminate()
        assert process.wait(10) == 0
