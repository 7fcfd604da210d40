"""The R4 type model. Pure: no Flask, no MongoDB, no Indonesia."""
