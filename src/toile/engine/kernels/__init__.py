"""What replaces autograd in a step: blocks of layers, each with a gradient of its own."""
