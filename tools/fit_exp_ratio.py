"""Prints the polynomials of softkeras.ops.exp_ratio and how good they are.

    python tools/fit_exp_ratio.py

With z = x² and p = 4π², the pole pair of f(x) = 1/(1 - e^-x) - 1/x that is
nearest to 0 is taken out, f = ½ + x·(2/(z + p) + Q(z)), and

    Q(z) = Σ c_k z^k,  c_k = (-1)^k · 2 (ζ(2k + 2) - 1)/p^(k + 1),

converges for |z| < 4p. What is printed are the polynomials that agree with Q,
with d(x·Q)/dx and with d²(x·Q)/dx²/x at Chebyshev nodes on 0 <= z <= switch²,
each of the least degree whose error is below 0.1 ulp of f, f' or f'', and the
same for log((e^x - 1)/x) = x/2 + z·R(z).
"""

from __future__ import annotations

import mpmath as mp
import numpy as np

mp.mp.dps = 50
POLE = 4 * mp.pi**2
TERMS = 100  # of the Taylor series; z/(4p) is 0.16 at most
C = [
    (-1) ** k * 2 * (mp.zeta(2 * k + 2) - 1) / POLE ** (k + 1)
    for k in range(TERMS)
]


def log_exprel(x):
    return mp.log(mp.expm1(x) / x)


def remainder(z):
    """R(z)."""
    x = mp.sqrt(z)
    return (log_exprel(x) - x / 2) / z


def taylor(coefficients):
    return lambda z: mp.polyval(coefficients[::-1], z)


# name: the function of z, the largest |x|, and how much an error in it is of
# the least result there.
FITS = {
    "VALUE": (taylor(C), mp.mpf("2.5"), mp.mpf("2.5") / mp.mpf("0.31")),
    "FIRST": (
        taylor([(2 * k + 1) * c for k, c in enumerate(C)]),
        mp.mpf(4),
        1 / mp.mpf("0.043"),
    ),
    "SECOND": (
        taylor([(2 * k + 3) * (2 * k + 2) * c for k, c in enumerate(C[1:])]),
        mp.mpf(5),
        5 / mp.mpf("0.0091"),
    ),
    "LOG": (remainder, mp.mpf("2.5"), mp.mpf("6.25")),
}


def interpolate(function, end, degree):
    """The coefficients, constant first, and the largest error on [0, end]."""
    count = degree + 1
    nodes = [
        end / 2 * (1 + mp.cos((2 * j + 1) * mp.pi / (2 * count)))
        for j in range(count)
    ]
    matrix = mp.matrix(count, count)
    for i, node in enumerate(nodes):
        for j in range(count):
            matrix[i, j] = node**j
    found = list(mp.lu_solve(matrix, mp.matrix([function(z) for z in nodes])))
    grid = [end * j / 400 for j in range(1, 401)]
    error = max(abs(mp.polyval(found[::-1], z) - function(z)) for z in grid)
    return found, error


def fit(name, bits):
    function, switch, weight = FITS[name]
    for degree in range(1, 30):
        found, error = interpolate(function, switch**2, degree)
        if error * weight * 2**bits < 0.1:
            return found, error * weight * 2**bits
    raise ArithmeticError(f"{name} does not converge")


def constant_of_slope(dtype):
    """The constant with which f'(0), as it is computed, is exactly 1/12."""
    pole, want = np.array([float(POLE)], dtype), np.array([1 / 12], dtype)
    other = 2 * pole / np.square(pole)
    constant = want - other
    while constant + other != want:
        constant = np.nextafter(constant, np.array([1], dtype))
    return mp.mpf(float(constant[0]))


def main():
    for name, (_, switch, _) in FITS.items():
        print(f"{name} = {{  # |x| < {mp.nstr(switch, 3)}")
        for dtype, bits, digits in (("float32", 24, 9), ("float64", 53, 17)):
            found, error = fit(name, bits)
            if name == "FIRST":
                found[0] = constant_of_slope(dtype)
            print(f'    "{dtype}": (  # {mp.nstr(error, 2)} ulp')
            for c in found:
                text = f"{float(c):.{digits - 1}e}"
                print(f"        {text},")
            print("    ),")
        print("}")


if __name__ == "__main__":
    main()
