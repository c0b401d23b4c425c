"""What computes the parts of a batch side by side: threads, and worker processes."""
