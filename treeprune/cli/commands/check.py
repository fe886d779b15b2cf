"""``treeprune check``: whether a model file is sound, and what is in it."""

import click

from ..console import emit, say
from ..help import Command
from ..options import json_option, trust_option


@click.command(cls=Command)
@click.argument("model")
@trust_option
@json_option
def check(model, trust, as_json):
    """Check a model file, and say what is in it.

    The structure of its trees is checked before the model's own library sees them. XGBoost (.json, .ubj), LightGBM
    (.txt) and skops files; pickles with --trust.

    \b
    Examples:
      treeprune check model.ubj
      treeprune check --trust model.joblib
    """
    import pandas as pd

    from ...io import check_model
    from ..workflow import load_model

    found = load_model(model, trust=trust, load=check_model)
    emit(pd.DataFrame([found]), as_json=as_json)
    say(f"{model}: sound.")
