"""The measurements behind the figures kaopi states about itself."""
