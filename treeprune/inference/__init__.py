"""What counts say of what they were drawn from: tests and confidence limits."""
