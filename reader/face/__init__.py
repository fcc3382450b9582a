"""Frame -> detection -> light and quality -> liveness -> 1:1 match.

Pixels and embeddings live and die here and in the vault. To read it in the order in which a frame passes:
``image`` (what counts as a picture), ``detector`` (where faces are), ``landmarks`` (their mesh), ``geometry`` (what a
mesh says), ``tracker`` (one face from frame to frame), ``light`` (how it is lit), ``bands`` (how lamps and screens
flicker), ``guidance`` (what to tell the patient), ``embedder`` and ``template`` (whose it is), ``liveness`` (whether it
is alive), and last ``engine``, which puts them together, with what a site may set in ``settings``.
``landmarks_mediapipe`` is a second backend that the first is held against. ``manifest`` and ``modelstore`` let no net
in that is not known; ``modelbuild`` makes the nets and ``evaluation`` measures all this, neither of them at the kiosk.
"""
