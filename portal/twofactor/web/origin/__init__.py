"""The origin of a request: a page of this application, or somebody else."""
