"""Measure the face part on a folder of pictures: ISO/IEC 19795-1 and 30107-3 tables, curves and histograms.

A lab's tool: it reads pictures of people from disk, which the kiosk, uplink and desk never do; they never import it.
"""
