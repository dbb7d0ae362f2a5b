"""Files of a result, the record of how it was computed, and its computation anew."""
