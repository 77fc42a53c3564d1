"""Holds the facts of docs/protocol.md against the services, or against a report of somebody who did."""
