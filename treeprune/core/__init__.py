"""Trees as arrays, what rows say about their nodes, and the surgery on them. Knows no library's models."""
