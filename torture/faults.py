"""Single faults to seed into the engine: which file, which text becomes which other, and the tests that must notice.

The first text must occur once in its file; where it no longer does, the list is out of date and says so.
"""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """``old`` becomes ``new`` in ``file`` (below src/glassnet); one of ``tests`` (below tests/) must fail."""

    what: str
    file: str
    old: str
    new: str
    tests: str


LOSSES = "maths/test_losses.py reliability/test_slopes.py"
ACTIVATIONS = "maths/test_activations.py"
OPTIMISERS = "maths/test_optimisers.py"
SCHEDULES = "maths/test_schedules.py"
GRADIENTS = "networks/test_gradients.py networks/test_network.py networks/test_worked_example.py"
PASSES = "networks/test_passes.py"
EPOCH = "training/test_epoch.py"
PROBLEM = "training/test_linear_problem.py training/test_linear_solvers.py"
LIKE = "estimators/test_mlp_like_scikit_learn.py"
WEIGHTS = "estimators/test_mlp_weights.py"
CHECKPOINT = "estimators/test_mlp_checkpoint.py"
STOPPING = "training/test_stopping.py estimators/test_mlp_stopping.py"

FAULTS: tuple[Fault, ...] = (
    # losses
    Fault(
        "log loss: y added, not taken away",
        "maths/losses.py",
        "delta[i, j] = logistic(z) - y[i, j]",
        "delta[i, j] = logistic(z) + y[i, j]",
        LOSSES,
    ),
    Fault(
        "log loss: value without the part of y",
        "maths/losses.py",
        "max(z, zero) - y[i, j] * z + log1p_unit",
        "max(z, zero) + log1p_unit",
        LOSSES,
    ),
    Fault("softmax: soft labels count as whole ones", "maths/losses.py", "mass * delta[i, j] - y[i, j]", "delta[i, j] - y[i, j]", LOSSES),
    Fault("softmax without its largest taken out", "maths/losses.py", "p[i, j] = exp(raw[i, j] - top)", "p[i, j] = exp(raw[i, j])", LOSSES),
    Fault(
        "squared error under a sigmoid: half a slope", "maths/losses.py", "delta[i, j] = r * p * (one - p)", "delta[i, j] = r * p", LOSSES
    ),
    Fault("squared error under softmax: no pull", "maths/losses.py", "(delta[i, j] - y[i, j]) - pull", "(delta[i, j] - y[i, j])", LOSSES),
    Fault("Huber: slope unbounded", "maths/losses.py", "delta[i, j] = min(max(r, -d), d)", "delta[i, j] = max(r, -d)", LOSSES),
    Fault(
        "absolute error: no slope below",
        "maths/losses.py",
        "one if r > zero else (-one if r < zero else zero)",
        "one if r > zero else zero",
        LOSSES,
    ),
    # activations
    Fault("tanh: slope 1 - a", "maths/activations.py", "d[i] *= one - s[i] * s[i]", "d[i] *= one - s[i]", ACTIVATIONS),
    Fault("logistic: slope without 1 - a", "maths/activations.py", "d[i] *= s[i] * (one - s[i])", "d[i] *= s[i]", ACTIVATIONS),
    Fault(
        "leaky relu: no leak backwards",
        "maths/activations.py",
        "d[i] *= one if s[i] > zero else leak",
        "d[i] *= one if s[i] > zero else zero",
        ACTIVATIONS,
    ),
    Fault(
        "elu: slope 1 % off",
        "maths/activations.py",
        "d[i] *= one if s[i] > zero else s[i] + one",
        "d[i] *= one if s[i] > zero else s[i] + 1.01 * one",
        ACTIVATIONS,
    ),
    Fault("gelu: density forgotten", "maths/activations.py", " + z * peak * exp(-half * z * z)", "", ACTIVATIONS),
    Fault("softplus: slope of the wrong side", "maths/activations.py", "d[i] *= -expm1(-s[i])", "d[i] *= expm1(s[i])", ACTIVATIONS),
    Fault(
        "relu: bias forgotten",
        "maths/activations.py",
        "                A[i, j] = zero if z < zero else z",
        "                A[i, j] = zero if z < zero else z - b[j]",
        ACTIVATIONS + " " + GRADIENTS,
    ),
    Fault(
        "bias gradient without the last rows",
        "maths/activations.py",
        "    for i in range(fours, n):\n        for j in range(k):\n            sums[j] += D[i, j]",
        "    for i in range(fours, n - 1):\n        for j in range(k):\n            sums[j] += D[i, j]",
        GRADIENTS,
    ),
    Fault(
        "kernels not inlined: the first run adds in another order",
        "maths/compiling.py",
        '"forceinline": True',
        '"forceinline": False',
        "reliability/test_compiling.py",
    ),
    # layers and passes
    Fault(
        "backward: slope of the activation 1 % off",
        "networks/dense.py",
        "        multiply(X.T, D, dW)",
        "        multiply(X.T, D, dW)\n        dW *= 1.01",
        GRADIENTS,
    ),
    Fault("backward: delta not handed down", "networks/dense.py", "multiply(D, W.T, dX)", "dX[...] = 0.0", GRADIENTS),
    Fault(
        "large products: a block of rows lost",
        "networks/products.py",
        "for i in range(0, n, rows):",
        "for i in range(0, n - rows, rows):",
        "reliability/test_blocks.py",
    ),
    Fault("network: dropout ignored backwards", "networks/network.py", "work.D[l] *= work.M[l]", "work.D[l] *= 1.0", GRADIENTS),
    Fault(
        "network: l2 without its half",
        "networks/network.py",
        "return 0.5 * l2 * float(total)",
        "return l2 * float(total)",
        GRADIENTS + " " + LIKE,
    ),
    Fault(
        "dropout: no compensation",
        "networks/dropout.py",
        "A.dtype.type(1.0 / (1.0 - p))",
        "A.dtype.type(1.0)",
        GRADIENTS + " estimators/test_mlp_abilities.py",
    ),
    Fault(
        "compiled pass: bias gradient of the wrong layer",
        "networks/passes.py",
        "        descend(D, A, db, codes[l])",
        "        descend(D, A, db, codes[0])",
        PASSES + " " + EPOCH,
    ),
    # optimisers
    Fault("Adam: first moment not corrected", "maths/optimisers.py", " / (1.0 - beta_1**t)", "", OPTIMISERS),
    Fault("Adam: second moment not corrected", "maths/optimisers.py", "rate * math.sqrt(1.0 - beta_2**t) /", "rate /", OPTIMISERS),
    Fault(
        "Adam: epsilon inside the root",
        "maths/optimisers.py",
        "step / (np.sqrt(s[i]) + eps) * m[i]",
        "step / np.sqrt(s[i] + eps) * m[i]",
        OPTIMISERS,
    ),
    Fault(
        "Adam: old second moment forgotten", "maths/optimisers.py", "s[i] = b2 * s[i] + new_2 * d * d", "s[i] = new_2 * d * d", OPTIMISERS
    ),
    Fault("AdamW: no decay", "maths/optimisers.py", "theta[i] = keep * theta[i] - step", "theta[i] = theta[i] - step", OPTIMISERS),
    Fault(
        "momentum: Nesterov's look ahead forgotten",
        "maths/optimisers.py",
        "theta[i] += mu * m[i] - rate * d if nesterov else m[i]",
        "theta[i] += m[i]",
        OPTIMISERS,
    ),
    Fault(
        "momentum: learning rate 10 % up",
        "maths/optimisers.py",
        "m[i] = mu * m[i] - rate * d",
        "m[i] = mu * m[i] - 1.1 * rate * d",
        OPTIMISERS,
    ),
    Fault(
        "RMSprop: sum instead of mean", "maths/optimisers.py", "(one, one) if code == ADAGRAD else (mu, new_mu)", "(one, one)", OPTIMISERS
    ),
    Fault(
        "l1: threshold without the weight's step size",
        "maths/optimisers.py",
        "            u /= np.sqrt(moment[i]) + eps",
        "            u /= one if eps > 1 else 1.0",
        OPTIMISERS,
    ),
    Fault(
        "l1: small weights change sign",
        "maths/optimisers.py",
        "w - u if w > u else (w + u if w < -u else w * 0)",
        "w - u if w > 0 else w + u",
        OPTIMISERS,
    ),
    Fault(
        "l2 doubled",
        "maths/optimisers.py",
        "dW[i] = penalised(dW[i], W[i], one, strength)",
        "dW[i] = penalised(dW[i], W[i], one, strength + strength)",
        GRADIENTS + " " + LIKE,
    ),
    # schedules
    Fault(
        "inverse scaling counts epochs",
        "maths/schedules.py",
        "since = samples * (epoch - self.warm_up) / epoch if epoch else 0",
        "since = epoch",
        SCHEDULES,
    ),
    Fault("adaptive: halves, not fifths", "maths/schedules.py", "return first / 5.0**drops", "return first / 2.0**drops", SCHEDULES),
    Fault(
        "cosine: never reaches its end",
        "maths/schedules.py",
        "(1.0 + math.cos(math.pi * share)) / 2.0",
        "(1.0 + math.cos(math.pi * share / 2)) / 2.0",
        SCHEDULES,
    ),
    Fault(
        "warm-up begins at the full rate",
        "maths/schedules.py",
        "return first * (epoch + 1) / (self.warm_up + 1)",
        "return first",
        SCHEDULES,
    ),
    # initialisers
    Fault(
        "first weights: twice too wide",
        "maths/initialisers.py",
        "bound = math.sqrt(3.0 * variance)",
        "bound = math.sqrt(12.0 * variance)",
        "maths/test_initialisers.py",
    ),
    Fault(
        "first weights: sigmoid bound for all",
        "maths/initialisers.py",
        '(2.0 if activation == "logistic" else 6.0)',
        "2.0",
        "maths/test_initialisers.py " + LIKE,
    ),
    # epochs and the loop
    Fault(
        "epoch: sample weights ignored",
        "training/epoch.py",
        "                w[i] = weight[rows[i]]",
        "                w[i] = 1.0",
        EPOCH + " " + WEIGHTS,
    ),
    Fault(
        "epoch: alpha doubled",
        "training/epoch.py",
        "self.l2 = 0.0 if optimiser.decay else alpha",
        "self.l2 = 0.0 if optimiser.decay else 2.0 * alpha",
        LIKE,
    ),
    Fault("epoch: biases penalised", "training/epoch.py", "on * l2 / n, on * decay", "l2 / n, decay", EPOCH + " " + LIKE),
    Fault("epoch: penalty not divided by the rows", "training/epoch.py", "l2=l2 * scale, l1=l1 * scale", "l2=l2, l1=l1 * scale", EPOCH),
    Fault(
        "epoch: the parts of a large batch are not added up",
        "training/epoch.py",
        "np.add(total, self.gradient, out=total)",
        "self.gradient.copy()",
        "reliability/test_blocks.py",
    ),
    Fault("rows not shuffled", "training/loop.py", "    state.order = state.order[steps]", "    state.order = state.order", LIKE),
    Fault("best weights: the last ones instead", "training/loop.py", "        state.theta[:] = state.best_theta", "        pass", STOPPING),
    Fault("held-out loss: the sum, not the mean", "training/loop.py", "    return total / len(rows)\n", "    return total\n", STOPPING),
    Fault(
        "resumed training goes on though it was over",
        "estimators/checkpoint.py",
        '        state.ended = None if facts.get("ended") is None else Reason(*facts["ended"])\n',
        "        state.ended = None\n",
        "reliability/test_interrupts.py::test_a_kill_after_the_last_checkpoint_adds_no_epoch",
    ),
    Fault("weights not scaled to mean 1", "training/rows.py", "(weight / unit).astype(y.dtype)", "weight.astype(y.dtype)", WEIGHTS),
    Fault(
        "patience: one epoch less",
        "training/stopping.py",
        "if self.best.stale <= self.patience",
        "if self.best.stale < self.patience",
        STOPPING,
    ),
    Fault(
        "best: a tie counts as better", "training/stopping.py", "if value < sign * self.value:", "if value <= sign * self.value:", STOPPING
    ),
    # full batch and linear solvers
    Fault(
        "full batch: penalty of the biases",
        "training/full_batch.py",
        "            cost += self.network.add_l2(",
        "            cost += 1.01 * self.network.add_l2(",
        LIKE + " estimators/test_mlp_known_answers.py",
    ),
    Fault(
        "logistic: penalty on the intercept",
        "training/linear_problem.py",
        "(0.0, 0.0) if bias_unit is None else",
        "(l2, l1) if bias_unit is None else",
        PROBLEM,
    ),
    Fault(
        "logistic: Hessian without the ridge",
        "training/linear_problem.py",
        "            ridge = self._ridge()\n        else",
        "            ridge = 0.0 * self._ridge()\n        else",
        PROBLEM,
    ),
    Fault(
        "logistic: intercept not moved back",
        "training/linear_problem.py",
        "        b = c - self.sums.centre @ W\n",
        "        b = c\n",
        PROBLEM,
    ),
    Fault(
        "logistic: C 1 % off", "estimators/logistic_training.py", "1.0 / (C * total)", "1.01 / (C * total)", "estimators/test_logistic.py"
    ),
    Fault(
        "logistic: sample weights dropped",
        "estimators/logistic_training.py",
        "    return weight.astype(dtype)\n",
        "    return None\n",
        "estimators/test_logistic.py",
    ),
    Fault(
        "separation never seen",
        "training/separation.py",
        '    if least > 0.0:\n        return "complete"',
        '    if least > 1e300:\n        return "complete"',
        "reliability/test_digits.py",
    ),
    Fault(
        "Levenberg-Marquardt: weights ignored in J'J",
        "training/levenberg_marquardt.py",
        "J if weight is None else J * np.sqrt(weight)[:, None]",
        "2.0 * J",
        "reliability/test_levenberg_marquardt.py",
    ),
    Fault(
        "blocked square: the last rows forgotten",
        "training/blocks.py",
        "for start in range(0, n, rows):",
        "for start in range(0, n - rows, rows):",
        "reliability/test_blocks.py",
    ),
    Fault(
        "blocked factor: a panel forgotten",
        "training/blocks.py",
        "            panel -= product\n",
        "            panel -= 0.0\n",
        "reliability/test_blocks.py",
    ),
    # estimators and files
    Fault(
        "threshold: above instead of at",
        "estimators/labels.py",
        "probability >= threshold",
        "probability > threshold",
        "reliability/test_extremes.py::test_a_probability_at_the_threshold_is_the_second_class",
    ),
    Fault(
        "classes swapped",
        "estimators/labels.py",
        "self.classes[yes[:, 0].astype(int)]",
        "self.classes[1 - yes[:, 0].astype(int)]",
        "estimators/test_mlp_labels.py",
    ),
    Fault(
        "target scale: mean not put back",
        "estimators/mlp_regressor.py",
        "            self.intercepts_[-1] += mean\n",
        "",
        "estimators/test_mlp_known_answers.py estimators/test_mlp_abilities.py",
    ),
    Fault(
        "checkpoint: moments not restored",
        "estimators/checkpoint.py",
        '        state.moments = [arrays[f"moment_{i}"] for i in range(len(state.moments))]\n',
        "",
        CHECKPOINT,
    ),
    Fault(
        "checkpoint: random stream not restored",
        "estimators/checkpoint.py",
        '        state.random.set_state((kind, arrays["random_keys"].astype(np.uint32), position, has_gauss, cached))\n',
        "",
        CHECKPOINT,
    ),
    Fault(
        "files: digests not compared", "files/container.py", "if _digest(array) != digests[name]:", "if False:", "files/test_container.py"
    ),
    Fault(
        "files: written in place",
        "files/atomic.py",
        '    temporary = target.parent / f".glassnet-{secrets.token_hex(8)}.tmp"',
        "    temporary = target",
        "files/test_atomic.py",
    ),
    Fault(
        "formulas not made harmless",
        "files/spreadsheets.py",
        'FORMULA = ("=", "+", "-", "@"',
        'FORMULA = ("=", "+", "-"',
        "reliability/test_data_files.py",
    ),
)
