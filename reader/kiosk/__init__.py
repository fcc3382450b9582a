"""Process 1: threads, the event queue, running effects, supervision, health. Opens no IP socket."""
