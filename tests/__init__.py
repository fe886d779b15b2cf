"""The tests mirror the package. `naive` holds the oracles, `zoo` the models that contracts are checked on."""
