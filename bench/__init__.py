"""Measures how fast the bundle starts, streams and answers, against a plain proxy: `scripts/bench`."""
