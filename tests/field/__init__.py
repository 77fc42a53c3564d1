"""What went wrong in the field, kind by kind, and what the service may do to each of its fields without anybody noticing."""
