"""A SATUSEHAT to rehearse against: it accepts, refuses, masks and fails as the real one does.

``python -m tools.satusehat_simulator --port 0`` starts it; nothing outlives the process, unless
``--journal`` names a file.
"""
