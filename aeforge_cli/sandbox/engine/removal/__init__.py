"""Taking an object away: where it is, and what is behind it."""
