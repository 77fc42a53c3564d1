"""What upstreams have in common."""
