"""Training and evaluating sets of models, and the scores that their cards hold."""
