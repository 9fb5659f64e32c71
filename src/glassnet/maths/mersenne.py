"""The uniform numbers of NumPy's ``RandomState``, made inside compiled loops: the same stream, at the speed of a vector loop.

    x_k  <- x_(k+397) xor twist(upper bit of x_k | lower bits of x_(k+1))     624 words of state, made anew together
    word <- x_k tempered                                                      32 random bits
    u    <- (53 bits of two words) / 2^53                                     as ``RandomState.random_sample`` does
    u    <- word / 2^32                                                       half the work, for float32

Source   Matsumoto & Nishimura (1998), ACM Transactions on Modeling and Computer Simulation 8, 3-30 (MT19937).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.maths.compiling import kernel

Array = NDArray[Any]

STATE = 624
UPPER, LOWER, TWIST = np.uint32(0x80000000), np.uint32(0x7FFFFFFF), np.uint32(0x9908B0DF)
MASK_B, MASK_C, ONE = np.uint32(0x9D2C5680), np.uint32(0xEFC60000), np.uint32(1)
S1, S7, S11, S15, S18 = np.uint32(1), np.uint32(7), np.uint32(11), np.uint32(15), np.uint32(18)


@kernel
def refill(key: Array) -> None:
    """The next 624 words of state, in place; in runs that read nothing they have written."""
    for i in range(227):
        y = np.uint32((key[i] & UPPER) | (key[i + 1] & LOWER))
        key[i] = np.uint32(key[i + 397] ^ np.uint32(y >> S1) ^ np.uint32(np.uint32(y & ONE) * TWIST))
    for i in range(227, 454):
        y = np.uint32((key[i] & UPPER) | (key[i + 1] & LOWER))
        key[i] = np.uint32(key[i - 227] ^ np.uint32(y >> S1) ^ np.uint32(np.uint32(y & ONE) * TWIST))
    for i in range(454, 623):
        y = np.uint32((key[i] & UPPER) | (key[i + 1] & LOWER))
        key[i] = np.uint32(key[i - 227] ^ np.uint32(y >> S1) ^ np.uint32(np.uint32(y & ONE) * TWIST))
    y = np.uint32((key[623] & UPPER) | (key[0] & LOWER))
    key[623] = np.uint32(key[396] ^ np.uint32(y >> S1) ^ np.uint32(np.uint32(y & ONE) * TWIST))


@kernel
def _temper(state: Array, words: Array) -> None:
    """words <- state, tempered."""
    for i in range(words.size):
        y = np.uint32(state[i])
        y = np.uint32(y ^ np.uint32(y >> S11))
        y = np.uint32(y ^ np.uint32(np.uint32(y << S7) & MASK_B))
        y = np.uint32(y ^ np.uint32(np.uint32(y << S15) & MASK_C))
        words[i] = np.uint32(y ^ np.uint32(y >> S18))


@kernel
def draw(key: Array, place: Array, words: Array, n: int) -> None:
    """words[:n] <- the next n tempered words; ``place`` (1,) is where the state is read next."""
    done = 0
    at = place[0]
    while done < n:
        if at >= STATE:
            refill(key)
            at = 0
        m = min(STATE - at, n - done)
        _temper(key[at : at + m], words[done : done + m])
        at += m
        done += m
    place[0] = at


class Stream:
    """The stream of ``random``, taken over until ``give_back``: kernels read ``key``, ``place`` and write into ``words``.

    ``wide`` takes 53 bits for a uniform number, as ``random.uniform`` does; otherwise 32. Normal numbers come from a generator of its
    own, seeded by the stream when the first is asked for.

    >>> random = np.random.RandomState(0)
    >>> stream = Stream(random)
    >>> bool(np.all(stream.uniform(3) == np.random.RandomState(0).uniform(size=3)))
    True
    """

    def __init__(self, random: np.random.RandomState, *, wide: bool = True) -> None:
        self.random, self.wide = random, wide
        self._normal: np.random.Generator | None = None
        self.words = np.empty(0, np.uint32)
        self.take()

    def take(self) -> None:
        """Begin where ``random`` is. One that is no Mersenne Twister gives a seed for one."""
        self._its_own = self.random.get_state(legacy=False)["bit_generator"] == "MT19937"
        random = self.random if self._its_own else np.random.RandomState(self.random.randint(2**31 - 1))
        state: Any = random.get_state(legacy=True)
        _, keys, position, self._has_gauss, self._cached = state
        self.key = np.array(keys, dtype=np.uint32)
        self.place = np.array([position], dtype=np.int64)

    def give_back(self) -> None:
        """Leave ``random`` where the stream is."""
        if self._its_own:
            self.random.set_state(("MT19937", self.key, int(self.place[0]), self._has_gauss, self._cached))

    def room(self, n: int) -> Array:
        """``words`` with room for ``n`` uniform numbers."""
        if self.words.size < 2 * n:
            self.words = np.empty(2 * n, np.uint32)
        return self.words

    def uniform(self, n: int) -> Array:
        """(n,) uniform numbers in [0, 1), float64, of 53 bits."""
        words = self.room(n)
        draw(self.key, self.place, words, 2 * n)
        return ((words[: 2 * n : 2] >> 5) * 67108864.0 + (words[1 : 2 * n : 2] >> 6)) / 9007199254740992.0

    def normal(self, out: Array) -> Array:
        """``out`` <- standard normal numbers."""
        if self._normal is None:
            draw(self.key, self.place, self.room(2), 4)
            self._normal = np.random.Generator(np.random.PCG64(self.words[:4].tolist()))
        self._normal.standard_normal(out=out, dtype=out.dtype)
        return out
