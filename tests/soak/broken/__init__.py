"""Builds of the bundle that break a promise, each in one place: loaded before the app, they show that a run notices."""
