"""Card-slot camera frame -> printed digits -> verification number B. The same pixel rules as for faces.

Frames and digits stay here and in the vault; only success or a ``CardFrontProblem`` leaves.
"""
