"""The server's side of HTTP: connections, and what stands between them and the app."""
