"""WHAT THE COMMAND LINE DOES. One file per command, each with a click command named ``command``.

The rule of the room: a failure the operator can cause ends in one clear line and an exit code,
never in a trace.
"""
