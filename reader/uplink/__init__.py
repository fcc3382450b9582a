"""Process 2: outbox (SQLite) -> MQTT -> acknowledgement, and commands in. Sees no device, face or card.

The kiosk and the desk share ``messages``, ``topics``, ``ids`` and the small settings; the kiosk also uses ``outbox``,
``bridge`` and ``orders``. Only ``link_paho`` knows an MQTT library.
"""
