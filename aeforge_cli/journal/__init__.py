"""What was submitted and what became of it, durably."""
