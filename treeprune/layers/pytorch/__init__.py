"""What is known of PyTorch. It imports torch, and is imported only for models that are made of it."""
