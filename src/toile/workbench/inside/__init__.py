"""Views of the inside of a run's network: each has a record, arrays, sentences and a figure."""
