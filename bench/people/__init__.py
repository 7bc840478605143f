"""What a person clicks at each side: the same steps, in the order that each of them wants."""
