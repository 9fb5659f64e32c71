"""Samples of a fitted machine: Gibbs chains, kept whole or thinned, with columns held at given values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from glassnet.estimators.boltzmann.fitted_machine import FittedMachine
from glassnet.estimators.boltzmann.rbm_parameters import check_counts, number
from glassnet.estimators.input_rows import validated
from glassnet.maths.mersenne import Stream
from glassnet.training.threads import threads_for

Array = NDArray[Any]


class SamplingMachine(FittedMachine):
    """The methods that draw; it is not used by itself."""

    def _as_if_stopped(self) -> dict[str, Any]:
        """What a copy needs in order to answer as if training had stopped here."""
        p = self._parameters.copied()
        attributes = {"components_": p.W.T, "intercept_visible_": p.a, "intercept_hidden_": p.b, "log_variance_": p.z}
        return {**attributes, "h_samples_": self.h_samples_.copy(), "_units": self._units, "_base": self._base}

    @property
    def max_iter(self) -> int:
        """``n_iter``, by the name that callbacks know."""
        return int(self.n_iter)

    def chains(
        self,
        n_draws: int = 100,
        *,
        n_chains: int = 100,
        burn_in: int = 1000,
        thin: int = 1,
        clamp: Mapping[Any, float] | None = None,
        start: Any = "chains",
        means: bool = False,
        random_state: Any = None,
    ) -> Array:
        """Gibbs chains, draw by draw.

        Parameters
        ----------
        n_draws : int, default=100
            States to keep of each chain.
        n_chains : int, default=100
            Chains side by side.
        burn_in : int, default=1000
            Sweeps (h, then v) before the first state that is kept.
        thin : int, default=1
            Sweeps from one state that is kept to the next.
        clamp : mapping of column to value, default=None
            Columns, by number or by name, that keep their value: the others are drawn given them.
        start : {'chains', 'base'} or array of shape (n_chains, n_features), default='chains'
            Where chains begin: at the persistent chains of the training, taken in turn; at rows with the frequencies of the data; or at
            given rows.
        means : bool, default=False
            Whether to keep E[v | h] in place of v, as is usual for pictures.
        random_state : int, RandomState or None, default=None
            Seed; None takes the estimator's own.

        Returns
        -------
        V : array of shape (n_draws, n_chains, n_features)
        """
        check_is_fitted(self)
        check_counts(("n_draws", n_draws, 1), ("n_chains", n_chains, 1), ("burn_in", burn_in, 0), ("thin", thin, 1))
        p, machine = self._parameters, self._machine
        dtype = p.W.dtype
        random = check_random_state(self.random_state if random_state is None else random_state)
        stream = Stream(random, wide=dtype == np.float64)
        at = machine.visible.field(p.a, p.z)
        columns, values = self._clamped(clamp, dtype)
        V, H = self._beginning(start, n_chains, stream)
        V[:, columns] = values
        Z, kept = np.empty_like(H), np.empty((n_draws, n_chains, len(p.a)), dtype)
        with threads_for(n_chains * p.W.size):
            for sweep in range(burn_in + 1 + (n_draws - 1) * thin):
                machine.sample_hidden(p, V, stream, means=Z, out=H)
                machine.sample_visible(p, H, stream, at=at, out=V)
                V[:, columns] = values
                draw, rest = divmod(sweep - burn_in, thin)
                if sweep >= burn_in and not rest:
                    kept[draw] = machine.visible_means(p, H) if means else V
                    if means:
                        kept[draw][:, columns] = values
        stream.give_back()
        return kept

    def sample(
        self,
        n: int = 1,
        *,
        burn_in: int = 1000,
        thin: int = 100,
        clamp: Mapping[Any, float] | None = None,
        n_chains: int = 100,
        start: Any = "chains",
        means: bool = False,
        random_state: Any = None,
    ) -> Array:
        """Rows drawn from the machine: what it believes in.

        Parameters
        ----------
        n : int, default=1
            Rows.
        burn_in, thin, clamp, n_chains, start, means, random_state
            As in ``chains``. Rows of different chains are independent once burnt in; those of one chain nearly so, ``thin`` sweeps apart.

        Returns
        -------
        V : array of shape (n, n_features)

        Examples
        --------
        Two columns that are always equal, one of them held at 1:

        >>> import numpy as np
        >>> from glassnet.estimators.boltzmann.rbm import RBM
        >>> X = np.repeat([[0.0, 0.0], [1.0, 1.0]], 50, axis=0)
        >>> rbm = RBM(4, learning_rate=0.2, batch_size=10, n_iter=100, random_state=0).fit(X)
        >>> bool(rbm.sample(1000, clamp={0: 1}, burn_in=100, thin=10)[:, 1].mean() > 0.9)
        True
        """
        check_counts(("n", n, 1), ("n_chains", n_chains, 1))
        side_by_side = min(n, n_chains)
        kept = self.chains(
            -(-n // side_by_side),
            n_chains=side_by_side,
            burn_in=burn_in,
            thin=thin,
            clamp=clamp,
            start=start,
            means=means,
            random_state=random_state,
        )
        return kept.reshape(-1, kept.shape[2])[:n]

    def draw_visible(self, X: Any, *, random_state: Any = None) -> Array:
        """Visible units drawn from p(v | h).

        Parameters
        ----------
        X : array of shape (n_samples, n_components)
            Hidden states or probabilities, in [0, 1].
        random_state : int, RandomState or None, default=None
            Seed; None takes the estimator's own.

        Returns
        -------
        V : array of shape (n_samples, n_features)
        """
        H = self._hidden_rows(X)
        p, machine = self._parameters, self._machine
        random = check_random_state(self.random_state if random_state is None else random_state)
        stream = Stream(random, wide=p.W.dtype == np.float64)
        V = np.empty((len(H), len(p.a)), p.W.dtype)
        machine.sample_visible(p, H, stream, at=machine.visible.field(p.a, p.z), out=V)
        stream.give_back()
        return V

    def complete(self, X: Any, *, n_sweeps: int = 500, burn_in: int = 100, random_state: Any = None) -> Array:
        """Rows with their missing values filled in by what the machine expects there.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            nan where a value is not known; a softmax group is known or not as a whole.
        n_sweeps : int, default=500
            Sweeps of each row's chain over which E[v | h] is averaged, after ``burn_in`` sweeps.
        burn_in : int, default=100
        random_state : int, RandomState or None, default=None

        Returns
        -------
        V : array of shape (n_samples, n_features)
            X where it is known; means, such as probabilities, where it is not.
        """
        check_is_fitted(self)
        p, machine = self._parameters, self._machine
        check_counts(("n_sweeps", n_sweeps, 1), ("burn_in", burn_in, 0))
        X = validated(self, X, dtype=p.W.dtype, ensure_all_finite="allow-nan", reset=False)
        missing = np.isnan(X)
        for group in self._units.groups():
            some = missing[:, group].any(axis=1) & ~missing[:, group].all(axis=1)
            if some.any():
                raise ValueError(f"Columns {group.tolist()} are one softmax group: all of them are known or none; see row {some.argmax()}.")
        random = check_random_state(self.random_state if random_state is None else random_state)
        stream = Stream(random, wide=p.W.dtype == np.float64)
        at = machine.visible.field(p.a, p.z)
        V = np.zeros_like(X)
        machine.visible.sample(V, machine.visible.field(*self._base), stream)
        V[~missing] = X[~missing]
        H, Z, F = np.empty((len(X), machine.n_hidden), X.dtype), np.empty((len(X), machine.n_hidden), X.dtype), np.empty_like(X)
        total = np.zeros_like(X, dtype=np.float64)
        with threads_for(len(X) * p.W.size):
            for sweep in range(burn_in + n_sweeps):
                machine.sample_hidden(p, V, stream, means=Z, out=H)
                if sweep >= burn_in:
                    total += machine.visible_means(p, H)
                machine.sample_visible(p, H, stream, at=at, out=F)
                V[missing] = F[missing]
        stream.give_back()
        return np.where(missing, total / n_sweeps, X).astype(X.dtype)

    def _clamped(self, clamp: Mapping[Any, float] | None, dtype: Any) -> tuple[Array, Array]:
        """(columns, values) that are held."""
        names = {str(name): i for i, name in enumerate(getattr(self, "feature_names_in_", ()))}
        columns, values = [], []
        if clamp is not None and not isinstance(clamp, Mapping):
            raise ValueError(f"clamp must be a dict from columns to their values, such as {{0: 1}}; got {clamp!r}.")
        for column, value in (clamp or {}).items():
            if not number(value):
                raise ValueError(f"clamp: column {column!r} needs a finite number; got {value!r}.")
            place = names.get(column) if isinstance(column, str) else column
            if (
                isinstance(place, bool)
                or not isinstance(place, int | np.integer)
                or not -self.n_features_in_ <= place < self.n_features_in_
            ):
                raise ValueError(f"clamp: there is no column {column!r}; name one of {self.n_features_in_}, by number or by name.")
            place = int(place) % self.n_features_in_
            if self._units.kinds[place] != "gaussian" and not 0 <= value <= 1:
                raise ValueError(f"clamp: column {column!r} is a {self._units.kinds[place]} unit, held at 0 or 1; got {value!r}.")
            columns.append(place)
            values.append(value)
        held = set(columns)
        for group in self._units.groups():
            if held & set(group.tolist()) and not held >= set(group.tolist()):
                raise ValueError(f"clamp: columns {group.tolist()} are one softmax group; hold all of them or none.")
            total = sum(values[columns.index(column)] for column in group.tolist() if column in held)
            if held & set(group.tolist()) and abs(total - 1) > 1e-6:
                raise ValueError(f"clamp: columns {group.tolist()} are one softmax group, whose values add up to 1; got {total:.4g}.")
        return np.array(columns, dtype=np.int64), np.array(values, dtype=dtype)

    def _beginning(self, start: Any, n_chains: int, stream: Stream) -> tuple[Array, Array]:
        """V and room for H where chains begin."""
        p, machine = self._parameters, self._machine
        V, H = np.zeros((n_chains, len(p.a)), p.W.dtype), np.empty((n_chains, machine.n_hidden), p.W.dtype)
        if isinstance(start, str) and start == "chains":
            taken = np.resize(np.arange(len(self.h_samples_)), n_chains)
            machine.sample_visible(p, self.h_samples_[taken].astype(p.W.dtype), stream, at=machine.visible.field(p.a, p.z), out=V)
        elif isinstance(start, str) and start == "base":
            machine.visible.sample(V, machine.visible.field(*self._base), stream)
        elif isinstance(start, str):
            raise ValueError(f"start must be 'chains', 'base' or an array of rows; got {start!r}.")
        else:
            rows = self._rows(start)
            rows = rows.toarray() if hasattr(rows, "toarray") else rows
            V[:] = rows[np.resize(np.arange(len(rows)), n_chains)]
        return V, H
