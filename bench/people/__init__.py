"""The clicks of a person at each side: the same steps, in the order of that side."""
