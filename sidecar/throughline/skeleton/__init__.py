"""Skeletons: a source file without its bodies, in its own syntax, and what moved between two of them."""
