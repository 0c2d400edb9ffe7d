"""How much of each pixel belongs to the subject, or to the sky."""
