"""The page in a real browser: Chromium, driven by Playwright, against the bundle with the stand-in behind it."""
