"""Pictures and result files on this machine's disk."""
