"""Frame -> detection -> light and quality -> liveness -> 1:1 match.

Pixels and embeddings live and die here and in the vault. To read it in the order in which a frame passes:
``image`` (what counts as a picture), ``detector`` (where faces are), ``landmarks`` (their mesh), ``geometry`` (what a
mesh says), ``tracker`` (one face from frame to frame), ``light`` (how it is lit), ``guidance`` (what to tell the
patient), ``liveness`` (whether it is alive), ``embedder`` and ``template`` (whose it is), and last ``engine``, which
puts them together. ``manifest`` and ``modelstore`` let no net in that is not known; ``modelbuild`` makes the nets and
``evaluation`` measures all this, neither of them at the kiosk.
"""
