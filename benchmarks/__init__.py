"""Side-by-side measurements, one file per question: ``python -m benchmarks.NAME`` prints and saves its table."""
