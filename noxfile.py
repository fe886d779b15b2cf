"""Checks beyond the newest versions: ``pip install nox && nox``."""

import nox


@nox.session
def oldest(session):
    """The tests under the oldest supported scikit-learn and XGBoost."""
    session.install(".[test]", "scikit-learn==1.6.1", "xgboost-cpu==2.1.4")
    session.run("python", "-m", "pytest", "-n", "auto", *session.posargs)


@nox.session
def mutants(session):
    """Faults planted one at a time, each caught by the test named beside it: some minutes."""
    session.install(".[test]")
    session.run("python", "-m", "tests.mutants", *session.posargs)


@nox.session
def fuzz(session):
    """Model files damaged at random, 1,000 of each format and family: some hours on two cores."""
    session.install(".[test]")
    session.run("python", "-m", "tests.fuzz", "--mutants", "1000", *session.posargs)


@nox.session
def downstream(session):
    """Pruned models in SHAP, ONNX and treelite, each with the newest version that there is."""
    session.install("--upgrade", "--upgrade-strategy", "eager", ".[test]")
    session.run("python", "-m", "pytest", "tests/downstream", "-rs", *session.posargs)
