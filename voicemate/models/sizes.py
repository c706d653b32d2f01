"""Sizes as people read them."""

MB = 1_000_000
GB = 1_000_000_000


def as_size(n: float) -> str:
    """``n`` bytes in decimal units, as disks and downloads are counted: "82 MB", "2.3 MB", "18.6 GB"."""
    unit, name = (GB, "GB") if n >= 999.5 * MB else (MB, "MB") if n >= 999_500 else (1000, "kB")
    value = n / unit
    return f"{value:.0f} {name}" if value >= 20 else f"{value:.1f} {name}"
