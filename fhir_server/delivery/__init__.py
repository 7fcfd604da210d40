"""THE DELIVERY ENGINE: what goes to other systems, in order, once, until it has arrived.

A target (``target``) says what it wants and how it is told; everything else is the engine's: the
state of each resource at each target, order, leases, pauses, what happens after a crash. The engine
knows no target, and targets do not know one another.
"""
