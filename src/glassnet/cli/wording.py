"""What the rooms below say in Python, said again as options of the command line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

Said = str | Callable[[re.Match[str]], str]

_FIELDS = (
    "learning_rate|batch_size|max_seconds|search_seconds|alpha|l1|epochs|patience|dropout|seed|solver|loss|activation|size|pretrain_epochs|"
    "class_weight"
)

_TABLE: list[tuple[str, Said]] = [
    # how a table is read
    (r"header=False", "--no-header"),
    (r"header=True", "--header"),
    (r"name ('[^']*'|\"[^\"]*\") as a missing value \(missing\)", lambda m: f"name it as a missing value (--missing {_quoted(m[1])})"),
    (r"text=\[('[^']*'|\"[^\"]*\")\]", lambda m: f"--text {_quoted(m[1])}"),
    (r"try encoding='([\w-]+)'", r"try --encoding \1"),
    (r"encoding='([\w-]+)'", r"--encoding \1"),
    (r"\b(encoding|delimiter) must be", r"--\1 must be"),
    (r"decimal=','", "--decimal ,"),
    (r"ask for classification to have", "give --task classification to have"),
    (r"rename it, or give drop_identifiers=False, to keep it", "rename it to keep it"),
    (r"Leave the task to be classification\.", "Leave out --task."),
    (r"Choose regression, or name another column as the target\.", "Give --task regression, or name another column with --target."),
    (r"[Nn]ame another column as the target", lambda m: f"{m[0][0]}ame another column with --target"),
    # the network
    (
        r"solver='newton' trains networks without hidden layers; this one has (\d+)\. Use hidden_layer_sizes=\(\) or solver='lbfgs'\.",
        r"--solver newton trains networks without hidden layers; this one has \1. Use --model logistic or --solver lbfgs.",
    ),
    (r"\bUse hidden_layer_sizes=\(\)", "Use --model logistic"),
    (r"\bhidden must be (.*?); got \(([-\d, ]*?),?\)", lambda m: f"--hidden must be {m[1]}; got {m[2].replace(' ', '')}"),
    (r"\bhidden_layer_sizes\b", "--hidden"),
    (r"\blearning_rate_init=", "--learning-rate "),
    (r"\blearning_rate_init\b", "--learning-rate"),
    (r"\bn_iter_no_change\b", "--patience"),
    (r"model 'logistic' is a single layer; got (\w+) as well\. Drop \w+, or choose model 'mlp'",
     r"--model logistic is a single layer; got --\1 as well. Leave out --\1, or give --model mlp"),
    (r"model 'dbn' needs hidden layers, each a machine; got none\. Name their units, or choose model 'logistic'",
     "--model dbn needs hidden layers, each a machine; got none. Name their units with --hidden, or give --model logistic"),
    (r"model 'dbn' has logistic units, as its machines have; got activation ('[^']*')\. Drop activation, or choose model 'mlp'",
     r"--model dbn has logistic units, as its machines have; got --activation \1. Leave out --activation, or give --model mlp"),
    (r"Drop search, or choose model 'mlp'", "Leave out --search, or give --model mlp"),
    (r"pretrain_epochs is for deep belief networks; got it with model '(\w+)'\. Drop pretrain_epochs, or choose model 'dbn'",
     r"--pretrain-epochs is for deep belief networks; got it with --model \1. Leave out --pretrain-epochs, or give --model dbn"),
    (r"class_weight is for classes; this target is a number\. Drop class_weight, or choose task 'classification'",
     "--class-weight is for classes; this target is a number. Leave it out, or give --task classification"),
    (r"\bsolver='(\w+)'", r"--solver \1"),
    (r"\bloss='(\w+)'", r"--loss \1"),
    (r" A pair of functions [^.]*(?:\([^)]*\)[^.]*)* is accepted as well\.", ""),
    # the doctor's advice
    (r"\bactivation='(\w+)'", r"--activation \1"),
    (r"\balpha=([\d.]+)", r"--alpha \1"),
    (r"\bmax_seconds=([\d.]+)", r"--max-seconds \1"),
    (r"\bmax_iter=(\d+)", r"--epochs \1"),
    (r"\bearly_stopping=True, which keeps", "--val-fraction 0.15, which keeps"),
    (r"\bmax_iter\b", "--epochs"),
    # the split and the rest: the names of options begin sentences and follow "or", "and", "Lower"
    (r"\b(val|test)_fraction\b", r"--\1-fraction"),
    (rf"(?m)(^|- |: )({_FIELDS}) (must|is the time)", lambda m: f"{m[1]}--{m[2].replace('_', '-')} {m[3]}"),
]  # fmt: skip
_RULES = [(re.compile(pattern), said) for pattern, said in _TABLE]


def in_options(sentence: str) -> str:
    """The sentence with the options of the command line in place of Python's parameters.

    >>> in_options("If the first line is data, say that there is no header (header=False).")
    'If the first line is data, say that there is no header (--no-header).'
    """
    for pattern, said in _RULES:
        sentence = pattern.sub(said, sentence)
    return sentence


def _quoted(literal: str) -> str:
    return shlex.quote(literal[1:-1])
