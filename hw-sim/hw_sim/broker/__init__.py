"""MQTT brokers for tests and the demo: in memory, embedded (amqtt, 3.1.1), and the real mosquitto."""
