"""Signatures for AWS: those of AWS's own test suite for Signature Version 4, and what its client signs."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.store.aws_signature import Credentials, Scope, signed_headers

KEY_ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = 1440938160.0  # 2015-08-30T12:36:00Z
TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwth"
    "Ax7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAki"
    "Y9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)


@pytest.mark.parametrize(
    ("case", "token", "headers", "body", "names", "signature"),
    [
        (
            "post-vanilla",
            "",
            {},
            b"",
            "host;x-amz-date",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "post-header-key-sort",
            "",
            {"My-Header1": "value1"},
            b"",
            "host;my-header1;x-amz-date",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        ),
        (
            "post-header-value-case",
            "",
            {"My-Header1": "VALUE1"},
            b"",
            "host;my-header1;x-amz-date",
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
        ),
        (
            "post-sts-header-before",
            TOKEN,
            {},
            b"",
            "host;x-amz-date;x-amz-security-token",
            "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
        ),
        (
            "post-x-www-form-urlencoded",
            "",
            {"Content-Type": "application/x-www-form-urlencoded"},
            b"Param1=value1",
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
)
def test_a_case_of_awss_own_suite(
    case: str, token: str, headers: dict[str, str], body: bytes, names: str, signature: str
) -> None:
    signed = signed_headers(
        Credentials(KEY_ID, SECRET, token),
        Scope("us-east-1", "service"),
        {"Host": "example.amazonaws.com", **headers},
        body,
        now=NOW,
    )
    assert signed.pop("Authorization") == (
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    assert signed.pop("X-Amz-Date") == "20150830T123600Z"
    assert signed.pop("X-Amz-Security-Token", "") == token
    assert signed == {"Host": "example.amazonaws.com", **headers}


@given(body=st.binary(max_size=200), token=st.from_regex(r"[A-Za-z0-9+/=]{0,40}", fullmatch=True))
def test_botocore_signs_the_same(body: bytes, token: str) -> None:
    from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
    from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
    from botocore.credentials import ReadOnlyCredentials  # type: ignore[import-untyped]

    headers = {"Host": "dynamodb.us-east-1.amazonaws.com", "X-Amz-Target": "DynamoDB_20120810.GetItem"}
    request = AWSRequest("POST", "https://dynamodb.us-east-1.amazonaws.com/", headers=dict(headers), data=body)
    SigV4Auth(ReadOnlyCredentials(KEY_ID, SECRET, token or None), "dynamodb", "us-east-1").add_auth(request)
    date = request.headers["X-Amz-Date"]
    now = time.mktime(time.strptime(date, "%Y%m%dT%H%M%SZ")) - time.timezone
    signed = signed_headers(Credentials(KEY_ID, SECRET, token), Scope("us-east-1", "dynamodb"), headers, body, now=now)
    assert signed["Authorization"] == request.headers["Authorization"]


def test_credentials_do_not_show_their_secret() -> None:
    shown = repr(Credentials(KEY_ID, SECRET, TOKEN))
    assert SECRET not in shown
    assert TOKEN not in shown
