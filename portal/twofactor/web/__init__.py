"""HTTP: the guard, the pages, and how refusals are worded."""
