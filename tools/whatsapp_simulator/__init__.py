"""A stand-in for Meta's Graph API of WhatsApp, as a process of its own: refuses as Meta does.

``python -m tools.whatsapp_simulator`` prints one line of JSON and serves until it is ended. It is
steered at ``/_simulator/``; docs/exchange/whatsapp.md says how.
"""
