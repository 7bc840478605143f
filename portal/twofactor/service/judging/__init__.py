"""Judge answers to a challenge, one module for each class of answers."""
