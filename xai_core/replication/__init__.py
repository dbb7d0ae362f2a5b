"""The paper's section 4 on the notes at hand: statistics, verdicts on claims, the report."""
