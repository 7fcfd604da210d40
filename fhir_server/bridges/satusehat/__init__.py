"""SATUSEHAT, the national exchange of Kemenkes: what is sent there, and how it is asked."""
