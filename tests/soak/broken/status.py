"""Failures of the service have a code that no table has."""

from lib.errors import UpstreamFailed

UpstreamFailed.code = "oops"
