"""Process 2: outbox (SQLite) -> MQTT -> acknowledgement, and commands in. Sees no device, face or card."""
