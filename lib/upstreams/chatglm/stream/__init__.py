"""From the bytes of an answer to events. No I/O."""
