"""The README's moving picture: a visit is really played, its screens and its work are drawn as they happened."""
