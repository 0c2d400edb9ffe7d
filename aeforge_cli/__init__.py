"""`aeforge`: the command line of the AetherForge image service."""

__version__ = "0.1.0"
