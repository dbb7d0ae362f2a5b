"""Sets of models: training all of them, evaluating them, and the scores on their cards."""
