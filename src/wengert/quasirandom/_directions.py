"""The direction numbers of Joe and Kuo, read from package data (joe_kuo.LICENSE.txt): 1111 dimensions in 11 KB."""

import os

DIMENSIONS = 1111
_POLYNOMIALS = (1, 1, 2, 2, 6, 6, 18, 16, 48, 60, 176, 144, 630)  # primitive ones of degree 1, 2, ...


def _table(dimensions):
    """(degree, inner coefficients as bits, first numbers) of dimensions 2, 3, ...

    A dimension takes degree - 1 bits for the coefficients and k bits for number k, which is odd and below 2 ** (k + 1):
    its last bit is not kept.
    """
    with open(os.path.join(os.path.dirname(__file__), "joe_kuo.bin"), "rb") as file:
        data = file.read()
    degrees = (degree for degree, count in enumerate(_POLYNOMIALS, 1) for _ in range(count))
    position = 0

    def take(count):
        nonlocal position
        word = int.from_bytes(data[position >> 3 : (position + count + 7) >> 3], "little")
        value = word >> (position & 7) & ((1 << count) - 1)
        position += count
        return value

    for degree, _ in zip(degrees, range(dimensions - 1)):
        inner = take(degree - 1)
        yield degree, inner, [1, *(take(k) << 1 | 1 for k in range(1, degree))]


def direction_numbers(dimensions, bits):
    """The first numbers m of each dimension's recurrence, a row of `bits` odd integers each; number k is below 2 ** (k + 1).

    >>> direction_numbers(3, 5)
    [[1, 1, 1, 1, 1], [1, 3, 5, 15, 17], [1, 3, 3, 9, 29]]
    """
    rows = [[1] * bits]
    for degree, inner, numbers in _table(dimensions):
        while len(numbers) < bits:
            value = numbers[-degree] ^ numbers[-degree] << degree
            for k in range(1, degree):
                if inner >> (degree - 1 - k) & 1:
                    value ^= numbers[-k] << k
            numbers.append(value)
        rows.append(numbers[:bits])
    return rows
