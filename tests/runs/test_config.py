"""The configuration of a run: everything in one file, and every fault named."""

from __future__ import annotations

import pytest

from glassnet.checks import DataError
from glassnet.runs.choices import batch_size, decided, estimator_for
from glassnet.runs.config import RunConfig

FULL = RunConfig(
    data='odd "name".csv',
    target="price €",
    task="regression",
    header=False,
    delimiter="\t",
    encoding="latin-1",
    missing=("-", "n.a."),
    text=("c3",),
    drop=("c1", "c2"),
    hidden=(7, 5),
    activation="tanh,relu",
    solver="adamw",
    learning_rate=1 / 3,
    batch_size=17,
    epochs=3,
    alpha=1e-7,
    l1=0.1,
    dropout=0.25,
    loss="huber",
    seed=4294967295,
    val_fraction=0.1,
    test_fraction=0.3,
    patience=4,
    max_seconds=1.5,
)


@pytest.mark.parametrize("config", [RunConfig(), FULL, decided(RunConfig(model="logistic"), "classification", 100)], ids=str)
def test_a_configuration_survives_the_round_trip_through_toml(config):
    again = RunConfig.from_toml(config.to_toml(), "config.toml")
    assert decided(again, "classification", 100) == decided(config, "classification", 100)
    assert config is not FULL or again == config


def test_every_fault_of_a_configuration_is_named_at_once():
    with pytest.raises(ValueError) as caught:
        RunConfig(epochs=0, learning_rate=-1.0, hidden=(3, 0), task="cluster", seed=-1, header="yes", test_fraction=1.0, model="tree")
    sentences = str(caught.value)
    for name in ("epochs", "learning_rate", "hidden", "task", "seed", "header", "test_fraction", "model"):
        assert f"{name} must be" in sentences


def test_fields_that_contradict_each_other_are_refused():
    with pytest.raises(ValueError, match="leave rows for training"):
        RunConfig(val_fraction=0.5, test_fraction=0.5)
    with pytest.raises(ValueError, match="single layer; got hidden"):
        RunConfig(model="logistic", hidden=(3,))


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("epoch = 3", "'epoch' is not a field.*Did you mean 'epochs'"),
        ("epochs = 'many'", "epochs must be a whole number"),
        ("epochs = ", "Invalid value"),
        ("missing = 'x'", "missing must be a list of texts"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(text, sentence):
    with pytest.raises(DataError, match=rf"config.toml is not the configuration of a run: .*{sentence}"):
        RunConfig.from_toml(text, "config.toml")


def test_what_the_user_says_goes_before_what_is_chosen():
    config = decided(RunConfig(hidden=(3,), solver="sgd", epochs=7), "classification", 1000)
    assert (config.hidden, config.solver, config.epochs) == ((3,), "sgd", 7)
    never_decided = {"delimiter", "max_seconds", "search", "search_seconds", "size", "grey", "features", "augment", "pretrain_epochs"}
    never_decided |= {"class_weight"}
    assert None not in {value for name, value in vars(config).items() if name not in never_decided}


def test_a_deep_belief_network_has_everything_decided_too():
    config = decided(RunConfig(model="dbn", pretrain_epochs=7), "regression", 1000)
    assert (config.pretrain_epochs, config.activation, config.hidden) == (7, "logistic", (64, 64))
    assert decided(RunConfig(model="dbn"), "classification", 1000, pictures=True).pretrain_epochs == 20
    assert RunConfig.from_toml(config.to_toml(), "config.toml") == config
    estimator = estimator_for(config, watched=False)
    assert (type(estimator).__name__, estimator.pretrain_epochs, estimator.visible) == ("DBNRegressor", 7, "auto")
    weighed = decided(RunConfig(model="dbn", class_weight="balanced"), "classification", 1000)
    assert estimator_for(weighed, watched=False).class_weight == "balanced"


def test_a_single_layer_is_a_network_without_hidden_layers():
    assert estimator_for(decided(RunConfig(model="logistic"), "regression", 100), watched=True).hidden_layer_sizes == ()


def test_one_activation_for_all_layers_or_one_for_each():
    assert estimator_for(decided(RunConfig(activation="tanh"), "regression", 9), watched=False).activation == "tanh"
    assert estimator_for(decided(RunConfig(activation="tanh,relu"), "regression", 9), watched=False).activation == ["tanh", "relu"]


@pytest.mark.parametrize("rows, size", [(1, 16), (1599, 16), (1600, 32), (10_000, 128), (10**7, 256)])
def test_a_step_takes_about_a_hundredth_of_the_rows(rows, size):
    assert batch_size(rows) == size
