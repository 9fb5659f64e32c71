"""log Z with what is known of its error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LogPartition:
    """log Z in nats.

    value                   log Z, or its estimate
    low, high               three standard errors of Z to each side, in nats; both are ``value`` where it is exact
    effective_sample_size   (sum w)^2 / sum w^2 of the runs' weights, between 1 and their number; None where it is exact
    method                  'exact' or 'ais'
    n_chains, n_temperatures    of annealed importance sampling; 0 where it is exact
    log_weights             of the runs, (n_chains,); empty where it is exact
    """

    value: float
    low: float
    high: float
    effective_sample_size: float | None
    method: str
    n_chains: int
    n_temperatures: int
    log_weights: NDArray[np.float64]

    @classmethod
    def exact(cls, value: float) -> LogPartition:
        """A value without error."""
        return cls(value, value, value, None, "exact", 0, 0, np.empty(0))

    @classmethod
    def from_weights(cls, log_base: float, log_weights: NDArray[np.float64], n_temperatures: int) -> LogPartition:
        """log Z = log Z_base + log mean w, with its error from the spread of the weights (first order).

        >>> bool(np.isclose(LogPartition.from_weights(0.0, np.log([1.0, 3.0]), 10).value, np.log(2.0)))
        True
        """
        top = log_weights.max()
        w = np.exp(log_weights - top)
        mean, n = w.mean(), len(w)
        value = float(log_base + top + np.log(mean))
        error = float(w.std(ddof=1) / np.sqrt(n) / mean) if n > 1 else np.inf
        low = value + np.log1p(-3 * error) if 3 * error < 1 else -np.inf
        size = float(w.sum() ** 2 / (w**2).sum())
        return cls(value, float(low), float(value + np.log1p(3 * error)), size, "ais", n, n_temperatures, log_weights)

    def __str__(self) -> str:
        if self.method == "exact":
            return f"log Z = {self.value:.4f} nats (exact)"
        return (
            f"log Z = {self.value:.3f} nats, {self.low:.3f} to {self.high:.3f} by {self.n_chains} runs over {self.n_temperatures:,} "
            f"temperatures; effective sample size {self.effective_sample_size:.1f}"
        )
