"""The ops without floats, and what stands in for others."""

from __future__ import annotations

INTEGERS = """bitwise_and bitwise_invert bitwise_left_shift bitwise_not
    bitwise_or bitwise_right_shift bitwise_xor gcd lcm left_shift multi_hot
    one_hot right_shift unravel_index""".split()
SIZES = """arange bartlett blackman empty empty_like eye hamming hanning
    identity kaiser ones tri zeros""".split()
QUESTIONS = "dtype is_tensor ndim shape size".split()

# What each takes, in the words of the table.
WITHOUT_FLOATS = {
    **dict.fromkeys(INTEGERS, "takes integers"),
    **dict.fromkeys(SIZES, "makes a constant of a size"),
    **dict.fromkeys(QUESTIONS, "asks for a shape or a type, not for values"),
}

REPLACEMENTS = {
    "argmax": "soft_argmax",
    "argmin": "soft_argmax",
    "cast": "straight_through",
    "ceil": "soft_ceil",
    "convert_to_numpy": "score_function_loss",
    "custom_gradient": "replace_gradient",
    "digitize": "soft_staircase",
    "floor": "soft_floor",
    "floor_divide": "soft_floor",
    "greater": "soft_step",
    "greater_equal": "soft_step",
    "hard_shrink": "hard_threshold",
    "heaviside": "soft_step",
    "less": "soft_step",
    "less_equal": "soft_step",
    "log": "safe_where",
    "log10": "safe_where",
    "log2": "safe_where",
    "nanargmax": "soft_argmax",
    "nanargmin": "soft_argmax",
    "norm": "safe_where",
    "one_hot": "soft_one_hot",
    "power": "safe_where",
    "reciprocal": "safe_where",
    "round": "soft_round",
    "rsqrt": "safe_where",
    "saturate_cast": "straight_through",
    "searchsorted": "soft_staircase",
    "sign": "soft_sign",
    "sqrt": "safe_where",
    "threshold": "hard_threshold",
    "trunc": "soft_staircase",
    "where": "safe_where",
}
