"""The command tree as data, and what is written from it: help, man pages, completions."""
