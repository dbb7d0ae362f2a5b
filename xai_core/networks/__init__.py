"""Neural networks: the CNN of the paper, and outputs and gradients of a loaded model."""
