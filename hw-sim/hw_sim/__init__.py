"""The simulator: virtual card, camera, patient, fingers and clinic PC. Never part of the product's wheel."""
