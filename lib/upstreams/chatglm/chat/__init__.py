"""An answer: asked for, read to its end, tidied up."""
