"""Rules and the run that puts them to networks."""
