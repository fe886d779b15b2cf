"""scikit-learn estimators that fit and prune."""
