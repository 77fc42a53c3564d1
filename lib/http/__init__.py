"""How other servers are reached: an httpx transport of our own. Knows nothing of the rest."""
