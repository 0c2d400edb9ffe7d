"""The clock and the signals of this process."""
