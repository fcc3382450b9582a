"""Other open face software on the same pictures, each in a process of its own. Nothing here is part of the product."""
