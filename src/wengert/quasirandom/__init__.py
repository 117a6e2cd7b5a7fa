"""torch.quasirandom: points that fill the unit cube more evenly than random ones."""

import wengert as wg

from ._directions import DIMENSIONS, direction_numbers

__all__ = ["SobolEngine"]


class SobolEngine:
    """Points of a Sobol sequence in the unit cube, scrambled ones if asked for, with the bits of torch's.

    dimension: of the points, 1 to 1111 (torch's table goes on to 21201; ValueError beyond); scramble: default False;
    seed: of the scrambling, default None, which draws from the default generator.

    >>> SobolEngine(dimension=3).draw(4)
    tensor([[0.0000, 0.0000, 0.0000],
            [0.5000, 0.5000, 0.5000],
            [0.7500, 0.2500, 0.2500],
            [0.2500, 0.7500, 0.7500]])
    """

    MAXBIT = 30
    MAXDIM = DIMENSIONS

    def __init__(self, dimension, scramble=False, seed=None):
        if dimension > self.MAXDIM or dimension < 1:
            raise ValueError(f"Supported range of dimensionality for SobolEngine is [1, {self.MAXDIM}]")
        self.seed, self.scramble, self.dimension = seed, scramble, dimension
        columns = self.MAXBIT - 1 - wg.arange(self.MAXBIT)
        self.sobolstate = wg.tensor(direction_numbers(dimension, self.MAXBIT)) << columns
        self.shift = wg.zeros(dimension, dtype=wg.long)
        if scramble:
            self._scramble()
        self.quasi = self.shift.clone()
        self._first_point = (self.quasi / 2**self.MAXBIT).reshape(1, -1)
        self.num_generated = 0

    def _scramble(self):
        """A random shift of the bits, and a random triangular matrix over them for each dimension."""
        generator = None if self.seed is None else wg.Generator().manual_seed(self.seed)
        bits, last = self.MAXBIT, self.MAXBIT - 1 - wg.arange(self.MAXBIT)
        shift = wg.randint(2, (self.dimension, bits), generator=generator)
        self.shift = (shift << wg.arange(bits)).sum(1)
        matrix = wg.randint(2, (self.dimension, bits, bits), generator=generator).tril()
        matrix.diagonal(dim1=-2, dim2=-1).fill_(1)
        digits = (self.sobolstate[..., None] >> last) & 1
        mixed = (digits @ matrix.mT) & 1
        self.sobolstate = (mixed << last).sum(-1)

    def _at(self, start, n):
        """The next n points after `start` that were left, as integers: what a step flips is a column of the state."""
        steps = wg.arange(start + 1, start + n + 1)
        flipped = (steps ^ (steps >> 1)) ^ (start ^ (start >> 1))
        points = self.quasi.expand(n, -1).clone()
        for bit in range(self.MAXBIT):
            points ^= ((flipped >> bit) & 1)[:, None] * self.sobolstate[:, bit]
        return points

    def draw(self, n=1, out=None, dtype=None):
        """The next n points, (n, dimension); dtype: default the default dtype; out: default a new tensor."""
        dtype = wg.get_default_dtype() if dtype is None else dtype
        fresh = self.num_generated == 0
        count, start = (n - 1, 0) if fresh else (n, self.num_generated - 1)
        points = self._at(start, count)
        result = points.to(dtype) * 2.0**-self.MAXBIT
        if fresh:
            result = wg.cat((self._first_point.to(dtype), result), dim=-2)
        if count > 0:
            self.quasi = points[-1].clone()
        self.num_generated += n
        return result if out is None else out.resize_as_(result).copy_(result)

    def draw_base2(self, m, out=None, dtype=None):
        """The next 2**m points; ValueError when the number of all points then is no power of 2."""
        n = 2**m
        total = self.num_generated + n
        if total & (total - 1):
            raise ValueError(
                "The balance properties of Sobol' points require "
                f"n to be a power of 2. {self.num_generated} points have been "
                f"previously generated, then: n={self.num_generated}+2**{m}={total}. "
                "If you still want to do this, please use "
                "'SobolEngine.draw()' instead."
            )
        return self.draw(n=n, out=out, dtype=dtype)

    def reset(self):
        """Begin anew; gives the engine."""
        self.quasi.copy_(self.shift)
        self.num_generated = 0
        return self

    def fast_forward(self, n):
        """Pass n points over; gives the engine."""
        start = max(self.num_generated - 1, 0)
        stop = self.num_generated + n - 1
        flipped = (start ^ (start >> 1)) ^ (stop ^ (stop >> 1))
        for bit in range(self.MAXBIT):
            if flipped >> bit & 1:
                self.quasi ^= self.sobolstate[:, bit]
        self.num_generated += n
        return self

    def __repr__(self):
        said = [f"dimension={self.dimension}"] + ["scramble=True"] * bool(self.scramble)
        said += [] if self.seed is None else [f"seed={self.seed}"]
        return f"{self.__class__.__name__}({', '.join(said)})"
