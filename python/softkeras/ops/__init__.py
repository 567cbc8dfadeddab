"""Differentiable functions in place of those without a usable gradient."""
