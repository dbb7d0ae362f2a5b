"""Components whose work is done by the visitor's browser."""
