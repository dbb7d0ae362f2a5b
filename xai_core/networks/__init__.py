"""Neural networks: their contract, their gradients, and the CNN of the paper."""
