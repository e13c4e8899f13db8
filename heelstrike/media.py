"""Suffixes of images and videos."""

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
"""Ordinary images, with 8 bits per value; PNG and TIFF may have more."""

MEDICAL = (".mha", ".nii", ".nii.gz", ".dcm")
"""Medical images. A file has to hold one image, not a volume."""

VIDEOS = (".mp4", ".mov", ".avi", ".mkv", ".m4v", ".webm", ".mpg", ".mpeg", ".mts", ".wmv")

MEDIA = (*IMAGES, *MEDICAL, *VIDEOS)

KNOWN = " ".join(sorted(suffix.removeprefix(".") for suffix in MEDIA))
"""All suffixes, for messages."""


def is_image(name: str) -> bool:
    """Return True if a file of this name is read as a still image, which includes medical images."""
    return name.lower().endswith((*IMAGES, *MEDICAL))


def is_medical(name: str) -> bool:
    """Return True if a file of this name is read as a medical image."""
    return name.lower().endswith(MEDICAL)


def is_video(name: str) -> bool:
    """Return True if a file of this name is read as a video."""
    return name.lower().endswith(VIDEOS)
