"""Groups of features for the selectors, from the features' names."""


def by_channel(name: str) -> str:
    """Channel of a feature, from its name: groups for `PruningSelector` that keep or drop whole channels.

    Takes names of LagWindowFeatures, IntervalFeatures and tsfresh: whatever stands before the first ``__``.

    Examples
    --------
    >>> from treeprune.feature_selection import by_channel
    >>> [by_channel(name) for name in ["load__lag_1__value", "load__lag_24__mean_7", "heat__lag_1__value"]]
    ['load', 'load', 'heat']
    """
    return name.partition("__")[0]


def by_lag(name: str) -> str:
    """Lag (or interval, or tsfresh's statistic) of a feature, from its name: groups for `PruningSelector`.

    Examples
    --------
    >>> from treeprune.feature_selection import by_lag
    >>> [by_lag(name) for name in ["load__lag_1__value", "load__lag_24__mean_7", "heat__lag_1__value"]]
    ['lag_1', 'lag_24', 'lag_1']
    """
    return name.split("__")[1]
