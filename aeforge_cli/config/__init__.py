"""Settings: what there are, where each value comes from, and the file that keeps them."""
