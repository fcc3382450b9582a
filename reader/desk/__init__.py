"""The clinic PC's side: receives, stores, acknowledges, shows the reception page. No POSIX-only import."""
