"""The processes in which pictures are worked, and who gives them their orders."""
