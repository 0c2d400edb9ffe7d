"""What all commands that submit jobs share."""
