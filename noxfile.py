"""Checks beyond the newest versions: ``pip install nox && nox``, or one of them with ``nox -s NAME``."""

import nox

nox.options.sessions = ["oldest", "downstream"]


@nox.session
def oldest(session):
    """The tests under the oldest supported scikit-learn and XGBoost."""
    session.install(".[test]", "scikit-learn==1.6.1", "xgboost-cpu==2.1.4")
    session.run("python", "-m", "pytest", "-n", "auto", *session.posargs)


@nox.session
def downstream(session):
    """Pruned models in SHAP, ONNX and treelite."""
    session.install(".[test,downstream]")
    session.run("python", "-m", "pytest", "tests/downstream", *session.posargs)
