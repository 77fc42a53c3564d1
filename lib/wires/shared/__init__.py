"""What more than one wire needs to turn events into an answer."""
