"""The losses that scikit-learn's boosted models hold, by path."""

_NAMES = (
    *("HalfSquared", "Absolute", "Pinball", "Huber", "HalfPoisson", "HalfGamma", "HalfBinomial", "HalfMultinomial"),
    "Exponential",
)
_ENDINGS = dict.fromkeys(("HalfSquared", "Absolute"), "Error")

LOSSES = (
    *(f"sklearn._loss.loss.{name}{_ENDINGS.get(name, 'Loss')}" for name in _NAMES),
    *(f"sklearn._loss._loss.Cy{name}{_ENDINGS.get(name, 'Loss')}" for name in _NAMES),
    *(f"sklearn._loss.link.{name}" for name in ("Interval", "IdentityLink", "LogLink", "LogitLink")),
    *(f"sklearn._loss.link.{name}" for name in ("HalfLogitLink", "MultinomialLogit")),
)
