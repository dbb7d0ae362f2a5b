"""What every figure is built from: axes, colour scales, traces, sizes, words and drawing."""
