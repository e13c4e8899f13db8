"""Registry: from a name and an alias to a verified package on this machine."""
