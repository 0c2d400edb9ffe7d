"""The AetherForge API: operations, the client, and the transport below it."""
