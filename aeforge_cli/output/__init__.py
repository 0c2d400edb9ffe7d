"""What reaches the user: the console, output formats, progress, pictures, reports."""
