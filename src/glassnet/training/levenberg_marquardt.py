"""Levenberg and Marquardt's method: Gauss and Newton's step for sums of squares, made shorter where it leads uphill.

    F(theta)   sum_n w_n |z(x_n, theta) - y_n|^2 / 2n  +  alpha/2 sum W^2 / n            biases free
    g, H       J'C r + alpha W,   J'C J + alpha                                           J = dz/dtheta, r = z - y, C = w
    step       (H + mu h) s = -g                              h the largest element of diag H so far
    mu         times max(1/3, 1 - (2 rho - 1)^3) after a step that lowers F, times 2, 4, 8, ... after one that does not

rho is the decrease of F over the one that the model promised. The rows of J are derivatives of the raw prediction: the network's own
backward pass with a delta of 1 for one output. All parameters are held back alike: one that has little influence at first, such as a
weight into a unit of small output, must not run to where its unit is flat. Near a minimum the steps are Gauss and Newton's, and every
digit of theta is found.

Shapes   J (n k, parameters)   H (parameters, parameters)   r (n, k)
Sources  Levenberg (1944), Quart. Appl. Math. 2, 164-168; Marquardt (1963), J. SIAM 11, 431-441; Bates & Watts (1988), Nonlinear
         Regression Analysis; Madsen, Nielsen & Tingleff (2004), Methods for Non-Linear Least Squares Problems (mu).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glassnet.checks import DivergenceError
from glassnet.networks.network import Network, Workspace
from glassnet.training.blocks import square
from glassnet.training.directions import LARGEST_HESSIAN, factored
from glassnet.training.history import History
from glassnet.training.loop import HeldOut, Observer, mean_loss, told
from glassnet.training.rows import Rows
from glassnet.training.stopping import Best, Reason, Rule, first_reason

Array = NDArray[Any]

FIRST_DAMPING = 1.0
LARGEST_DAMPING = 1e16
"""From here on a step is too short to change theta."""
POLISHING = 20
"""Steps at most after the gradient is below its bound."""
CLOSE = 1e-4
"""Where F can no longer tell a decrease, steps up to this part of theta are made without damping, as long as g'H^-1 g falls."""
BLOCK_NUMBERS = 1 << 20
"""Numbers of J that are formed at a time."""


@dataclass(frozen=True)
class Model:
    """F at a point with its gradient g and the Gauss-Newton matrix H."""

    value: float
    gradient: Array
    H: Array


class LeastSquares:
    """F above as a function of theta in float64; passes run in the rows' dtype."""

    def __init__(self, network: Network, rows: Rows, alpha: float) -> None:
        self.network, self.rows = network, rows
        layout, dtype = network.layout, rows.y.dtype
        self.theta = np.empty(layout.n_parameters, dtype)
        self._scratch = np.empty_like(self.theta)
        self._parameters, self._gradients = layout.views(self.theta), layout.views(self._scratch)
        self._work = Workspace(network, min(len(rows), max(16, BLOCK_NUMBERS // layout.n_parameters)), dtype)
        self.ridge = np.zeros(layout.n_parameters)
        for where in layout.weights:
            self.ridge[where] = alpha / (rows.unit * len(rows))

    def value(self, theta: Array) -> float:
        """F."""
        self.theta[:] = theta
        try:
            return mean_loss(self.network, self.theta, self.rows) + 0.5 * float(self.ridge @ theta**2)
        except DivergenceError:
            return math.inf

    def model(self, theta: Array) -> Model:
        """F, its gradient and its Gauss-Newton matrix."""
        self.theta[:] = theta
        network, p = self.network, len(theta)
        cost, gradient, H = 0.0, np.zeros(p), np.zeros((p, p))
        for X, y, weight in self.rows.blocks(self._work.n):
            work = self._work.rows(len(y))
            raw = network.forward(self._parameters, X, work)
            delta = np.empty_like(raw)
            cost += network.loss.value_and_delta(raw, y, weight, delta)
            for output in range(raw.shape[1]):
                J = self._derivatives(X, work, output)
                gradient += J.T @ delta[:, output]
                H += square(J if weight is None else J * np.sqrt(weight)[:, None])
        n = len(self.rows)
        H /= n
        H.flat[:: p + 1] += self.ridge
        return Model(cost / n + 0.5 * float(self.ridge @ theta**2), gradient / n + self.ridge * theta, H)

    def _derivatives(self, X: Any, work: Workspace, output: int) -> Array:
        """dz_output/dtheta (rows, parameters) of the rows that passed through ``work`` last."""
        network, layout = self.network, self.network.layout
        work.D[-1][...] = 0.0
        work.D[-1][:, output] = 1.0
        network.backward(self._parameters, self._gradients, X, work)
        J = np.empty((work.n, layout.n_parameters), self.theta.dtype)
        for l, (weights, offsets) in enumerate(zip(layout.weights, layout.offsets, strict=True)):
            read: Any = X if l == 0 else work.A[l - 1]
            dense = read.toarray() if hasattr(read, "toarray") else read
            J[:, weights] = (dense[:, :, None] * work.D[l][:, None, :]).reshape(work.n, -1)
            if offsets.stop > offsets.start:
                J[:, offsets] = work.D[l]
        return J


def levenberg_marquardt(
    network: Network,
    rows: Rows,
    theta: Array,
    history: History,
    *,
    alpha: float,
    tol: float,
    iterations: int,
    rules: Sequence[Rule] = (),
    best: Best | None = None,
    held_out: HeldOut | None = None,
    observers: Sequence[Observer] = (),
    begin: Callable[[], None] | None = None,
) -> Reason:
    """Move ``theta`` to a minimum of the sum of squares in place; why it stopped. Ctrl-C ends with the best weights so far.

    With ``best``, the weights of the best iteration are restored (early stopping). ``alpha`` is per sum of row weights of mean 1.
    Raises ValueError for too many parameters, DivergenceError where the loss of the first weights is not finite.
    """
    if len(theta) > LARGEST_HESSIAN:
        raise ValueError(
            f"solver='newton' factors a matrix of the parameters, up to {LARGEST_HESSIAN:,}; this network has {len(theta):,}. "
            "Use solver='lbfgs'."
        )
    problem = LeastSquares(network, rows, alpha * rows.unit)
    began, best_theta = time.perf_counter(), theta.copy()
    now = theta.astype(np.float64)
    polished, made, polishing = 0, 0, False
    eps = float(np.finfo(rows.y.dtype).eps)

    def largest(model: Model) -> float:
        return float(np.abs(model.gradient).max())

    def decrement(model: Model) -> float:
        return float(model.gradient @ factored(model.H)(model.gradient))

    try:
        with np.errstate(over="ignore", invalid="ignore"):
            if begin is not None:
                begin()
            model = problem.model(now)
            if not math.isfinite(model.value):
                raise DivergenceError(
                    f"The loss of the first weights is {model.value}. Scale the inputs and the targets, or begin with smaller weights."
                )
            mu, factor, scale = FIRST_DAMPING, 2.0, float(model.H.diagonal().max())
            while True:
                damped = model.H.copy()
                damped.flat[:: len(damped) + 1] += 0.0 if polishing else mu * max(scale, 1e-300)
                step = -factored(damped)(model.gradient)
                promised = -float(step @ model.gradient) - 0.5 * float(step @ model.H @ step)
                if not polishing and promised <= 4.0 * eps * abs(model.value):
                    polishing = True
                    continue
                value = problem.value(now + step)
                short = float(np.linalg.norm(step)) <= CLOSE * float(np.linalg.norm(now))
                lower = (short and value <= model.value * (1.0 + math.sqrt(eps))) if polishing else value < model.value
                ahead = problem.model(now + step) if lower else model
                if polishing and (not lower or decrement(ahead) >= decrement(model)):
                    bound = "is below" if largest(model) <= tol else "and rounding hides any further decrease, above"
                    sentence = f"largest gradient component {largest(model):.3g} {bound} {tol:g} after {made} iterations"
                    reason = Reason("gradient" if largest(model) <= tol else "rounding", sentence)
                    break
                if not lower:
                    mu, factor = mu * factor, factor * 2.0
                    if mu > LARGEST_DAMPING:
                        sentence = f"no step lowers the loss any further after {made} iterations; largest gradient component"
                        reason = Reason("solver", f"{sentence} {largest(model):.3g}")
                        break
                    continue
                rho = (model.value - value) / promised if promised > 0.0 else 1.0
                mu, factor = max(mu * max(1.0 / 3.0, 1.0 - (2.0 * rho - 1.0) ** 3), 1e-15), 2.0
                now, model, made = now + step, ahead, made + 1
                scale = max(scale, float(model.H.diagonal().max()))
                theta[:] = now
                history.append(
                    epoch=len(history) + 1,
                    loss=model.value,
                    val_loss=None if held_out is None else mean_loss(network, theta, held_out.rows),
                    val_score=None if held_out is None or held_out.score is None else held_out.score(theta),
                    gradient_norm=float(np.linalg.norm(model.gradient)),
                    weight_norm=float(np.linalg.norm(now)),
                    seconds=time.perf_counter() - began,
                    layer_gradient_norms=network.layout.norms(model.gradient),
                )
                if best is not None and best.read(history):
                    best_theta[:] = theta
                asked, stop = told(observers, history), first_reason(rules, history)
                polished += largest(model) <= tol
                if asked or stop or made >= iterations or polished > POLISHING:
                    near = Reason("gradient", f"largest gradient component {largest(model):.3g} is below {tol:g} after {made} iterations")
                    limit = Reason("epochs", f"all {iterations} iterations are done; largest gradient component {largest(model):.3g}")
                    done = near if largest(model) <= tol else limit
                    reason = asked or (stop[1] if stop and (stop[1].kind != "epochs" or done is limit) else done)
                    break
                if begin is not None:
                    begin()
    except KeyboardInterrupt:
        reason = Reason("interrupted", f"interrupted by the user after {len(history)} iterations; the best weights so far are kept")
    if best is not None:
        theta[:] = best_theta
    history.stopped_because = reason.sentence
    return reason
