"""Notifies the endpoints of Subscriptions: in order, until they have it, with the owner's rights.

Which Subscriptions are told of a write is decided on the write road (``interactions/interests``);
here it is sent. Several workers may do so on one database.
"""
