"""A blank kiosk becomes this clinic's kiosk: a set-up file, written for one or many, imported once. No devices here."""
