"""What each command does: options in, one call to the core, one call to the console."""
