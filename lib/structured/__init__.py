"""JSON out of an answer, checked against a schema. Pure."""
