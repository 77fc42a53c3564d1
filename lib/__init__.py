"""What the functions share: a wire on one side, an upstream on the other, and the words between them."""
