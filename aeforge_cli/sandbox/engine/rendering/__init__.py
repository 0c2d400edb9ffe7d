"""What is drawn: backdrops, skies, shadows, tones, and the composite."""
