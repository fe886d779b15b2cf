"""Models made of weight matrices: the representation that stands beside the trees, its adapters and its methods."""
