"""One pass over the nodes, up or down: what they take from those above or below them."""
