"""What replaces autograd in a step: links of a chain, each with a gradient of its own."""
