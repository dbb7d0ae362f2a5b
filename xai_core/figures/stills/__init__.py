"""PNG and SVG of the figures, drawn by Matplotlib without a browser."""
