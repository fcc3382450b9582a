"""Theme (mm, contrast), widgets, one file per screen: draw(surface, model). Knows no device and no session logic."""
