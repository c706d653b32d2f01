"""Text normalization: numbers, dates, amounts and addresses in words."""
