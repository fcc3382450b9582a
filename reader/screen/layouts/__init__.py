"""The few ways a screen is laid out, shared by the screens; each computes rectangles and draws nothing itself."""
