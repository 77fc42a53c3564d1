"""The platforms' own tools, run on this machine without an account."""
