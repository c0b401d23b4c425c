"""A run looked into: for each question numbers, arrays, words and a figure."""
