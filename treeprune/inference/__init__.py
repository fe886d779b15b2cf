"""Statistical tests and confidence limits for counts."""
