"""What of the records a principal may meet, enforced inside every query."""
