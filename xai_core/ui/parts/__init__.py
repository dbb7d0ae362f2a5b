"""Parts that several pages share: choices, panels, charts, sharing, words."""
