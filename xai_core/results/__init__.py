"""The files of a result, the record of how it was computed, and computing it again from that."""
