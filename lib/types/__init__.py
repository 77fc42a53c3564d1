"""The one vocabulary: what wires and upstreams say to each other."""
