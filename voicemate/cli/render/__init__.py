"""How results look: tables, charts and the live view."""
