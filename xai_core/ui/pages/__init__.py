"""The pages of the dashboard, one module each: widgets, a call, a figure."""
