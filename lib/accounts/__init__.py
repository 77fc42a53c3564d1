"""Whose key it is, which key is asked, and who waits for whom."""
