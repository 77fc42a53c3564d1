"""The store as `serverless.yml` sets it up on AWS Lambda: the table, who may use it, what the zips carry for it."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.dynamodb_server import DynamoDBServer
from tests.platforms import aws
from tests.platforms.aws import Function, Package
from tests.store.backend import Backend
from tests.store.conftest import Servers
from tests.upstream import Account, Answer, StandIn, Text

pytestmark = pytest.mark.platform

TABLE = "glm-functions-dev"
SETTING = f"dynamodb:{TABLE}"


@pytest.fixture
def package() -> Package:
    return aws.package()


@pytest.fixture
def dynamodb(servers: Servers) -> Iterator[DynamoDBServer]:
    """A DynamoDB with the table that the package's template makes."""
    server = servers["dynamodb"].server
    assert isinstance(server, DynamoDBServer)
    server.make_table(TABLE)
    yield server
    server.delete_table(TABLE)


def packages(package: Package, name: str) -> set[str]:
    """The packages of a shared store in a function's zip."""
    top = {file.partition("/")[0] for file in ZipFile(package.zip(name)).namelist()}
    return top & {"redis", "nacl"}


def statements(package: Package) -> list[dict[str, Any]]:
    (role,) = package.resources("AWS::IAM::Role")
    return [one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]]


def test_the_table_is_paid_by_request_and_forgets(package: Package) -> None:
    (table,) = package.resources("AWS::DynamoDB::Table")
    assert table == {
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "entry", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "entry", "KeyType": "HASH"}],
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
    }


def test_the_functions_may_do_three_things_with_that_table_and_nothing_else(package: Package) -> None:
    (ours,) = (one for one in statements(package) if not str(one["Action"]).count("logs:"))
    assert ours == {
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"],
        "Resource": {"Fn::GetAtt": ["TokenTable", "Arn"]},
    }


def test_each_function_is_told_of_the_table(package: Package) -> None:
    told = {package.function(name)["Environment"]["Variables"]["GLM_TOKEN_STORE"] for name in package.functions}
    assert told == {SETTING}


def test_what_the_deployer_names_is_used_in_its_place() -> None:
    environment = aws.configuration(GLM_TOKEN_STORE="rediss://host")["provider"]["environment"]
    assert environment["GLM_TOKEN_STORE"] == "rediss://host"


@pytest.fixture
def bare() -> Package:
    """What is deployed with `--param store=none`."""
    return aws.package("ping", "chat", "index", store="none")


def test_without_a_store_there_is_neither_table_nor_permission_nor_package(bare: Package) -> None:
    assert list(bare.resources("AWS::DynamoDB::Table")) == []
    assert [one for one in statements(bare) if "dynamodb" in str(one)] == []
    for name in bare.functions:
        assert bare.function(name)["Environment"]["Variables"]["GLM_TOKEN_STORE"] == ""
        assert packages(bare, name) == set()


def test_without_a_store_the_template_is_valid(bare: Package) -> None:
    cfn_lint = Path(sys.executable).parent / "cfn-lint"
    done = subprocess.run([cfn_lint, bare.template_file], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def asked(function: Function, account: Account) -> str | None:
    """The words of an answer."""
    completion = function.client(account.refresh_token).chat.completions.create(
        model="glm-5.3", messages=[{"role": "user", "content": "Hello"}], timeout=60
    )
    return completion.choices[0].message.content


def remembered(package: Package, upstream: StandIn, account: Account, **environ: str) -> bool:
    """Whether what one instance learns is known to the next."""
    upstream.script(Answer(Text("one ", "two"), delay=0.1), times=None)
    for _ in range(2):
        with Function(package, "chat", GLM_CHATGLM_URL=upstream.url, **environ) as function:
            assert asked(function, account) == "one two", function.log
    return len(upstream.requests("refresh", account)) == 1


def test_the_next_instance_knows_what_one_has_learnt_by_the_table(
    package: Package, upstream: StandIn, account: Account, dynamodb: DynamoDBServer
) -> None:
    assert packages(package, "chat") == {"nacl"}
    assert packages(package, "models") == set()
    assert remembered(package, upstream, account, AWS_ENDPOINT_URL=dynamodb.url)


def test_the_next_instance_knows_what_one_has_learnt_by_a_redis(
    upstream: StandIn, account: Account, servers: dict[str, Backend]
) -> None:
    package = aws.package("models", "chat", "index", GLM_TOKEN_STORE=servers["redis"].url)
    assert packages(package, "chat") == packages(package, "index") == {"nacl", "redis"}
    assert packages(package, "models") == set()
    assert remembered(package, upstream, account)


def test_four_instances_take_turns_with_an_account_that_rotates_strictly(
    package: Package, upstream: StandIn, dynamodb: DynamoDBServer
) -> None:
    account = upstream.account(access_lifetime=3)
    upstream.script(Answer(Text("one ", "two"), delay=0.1), times=None)
    with ExitStack() as stack:
        environ = {"GLM_CHATGLM_URL": upstream.url, "AWS_ENDPOINT_URL": dynamodb.url}
        instances = [stack.enter_context(Function(package, "chat", **environ)) for _ in range(4)]
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda number: asked(instances[number % 4], account), range(16)))
    assert answers == ["one two"] * 16
    refreshes = [call.status for call in upstream.requests("refresh", account)]
    assert len(refreshes) >= 2
    assert set(refreshes) == {200}  # A second one at the same time would be refused.
    assert len(upstream.requests("chat", account)) == 16  # Who finds the account busy would ask once more.
