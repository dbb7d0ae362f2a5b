"""What every figure is built from: axes, scales, traces, words and the drawing itself."""
